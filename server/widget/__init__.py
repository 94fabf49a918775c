"""The embeddable chat window: one script that a website includes, served as it is, with no build step.

It is a client of the HTTP API like any other and holds no logic of the server. Nothing is here yet.
"""
