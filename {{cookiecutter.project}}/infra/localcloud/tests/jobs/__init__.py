"""Tests of jobs; a package, so that its conftest does not hide the other one."""
