"""What a person looks up in a case: footage, machines, sightings, and their pictures.

Plain functions that read, page by page, and return typed records; nothing here writes.
"""
