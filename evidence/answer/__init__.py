"""What judged footage says, and how far: pure functions from counts to estimates.

Machines are the unit and plants the clusters; nothing here knows a database.
"""
