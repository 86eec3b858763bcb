"""Runs a module as `python -m MODULE ARGUMENTS...` does: `module_runner.py MODULE ARGUMENTS...`.

A fork server runs it, in a child that has the modules already that the image preloads. It stands
alone: nothing of localcloud is installed there.
"""

import os
import runpy
import sys


def main() -> None:
    """Be the program that the module is."""
    module, *sys.argv[1:] = sys.argv[1:]
    sys.path.insert(0, os.getcwd())  # as `python -m` does
    runpy.run_module(module, run_name="__main__", alter_sys=True)
