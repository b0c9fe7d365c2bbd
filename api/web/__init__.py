"""The web application on a case: pages for people, `/api/v1` for programs.

Routes take what came over HTTP, ask a room that knows, and answer; nothing is decided here
that a program could not have found out without a server.
"""
