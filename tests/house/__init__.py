"""Tests that hold the house together: they read the files, and run nothing."""
