#!/usr/bin/env python
"""Django's command line. `./run manage COMMAND` is this with a database under it."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command of the arguments."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
