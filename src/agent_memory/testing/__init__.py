"""Checks for every port, builders, faults on purpose: shipped, so that authors of other engines share them."""
