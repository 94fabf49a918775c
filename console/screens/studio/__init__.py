"""The studio: a persona is changed, tried and published."""
