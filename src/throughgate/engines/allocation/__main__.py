"""`python -m throughgate.engines.allocation`."""

import sys

from .cli import main

sys.exit(main())
