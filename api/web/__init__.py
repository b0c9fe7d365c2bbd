"""The web application on a case: pages for people, `/api/v1` for programs.

Routes take what came over HTTP, ask a room that knows, and answer. They decide nothing that a
program could not find out without a server.
"""
