"""`python -m throughgate.engines.impact run study.toml data.parquet -o report/`."""

import sys

from .cli import main

sys.exit(main())
