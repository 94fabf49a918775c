"""Leads: what customers tell about themselves, when to ask for more, and how far a conversation has come.

Capture and planner are pure functions of what was said; `book` writes a lead and tells its mirror through the
door. This room calls no model and knows of no HTTP.
"""
