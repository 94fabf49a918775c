"""The parts of the screens of leads: the list, what was missed, one lead."""
