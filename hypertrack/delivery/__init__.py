"""Telling people and programs: at least once, in order, from a log that outlives a kill."""
