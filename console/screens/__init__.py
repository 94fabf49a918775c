"""A module for each page, with `show`, which draws it. Screens ask the client, show the answer, and decide nothing."""
