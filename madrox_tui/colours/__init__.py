"""Themes, and colours that can be read in any of them and on any terminal."""
