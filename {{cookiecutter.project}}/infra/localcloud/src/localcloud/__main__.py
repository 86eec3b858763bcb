"""`python -m localcloud`, the same as the `localcloud` command."""

from localcloud.cli import main

main()
