"""From a file to upright pictures: what it is, its frames and their times, its manifest; read in a
process of its own, which footage may kill.
"""
