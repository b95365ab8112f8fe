#!/usr/bin/env python3
"""openapi.py IN.yaml OUT.json: the contract as JSON, members in the order they were written in."""
import json
import sys
from pathlib import Path

import yaml

contract = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
out = Path(sys.argv[2])
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps(contract, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
