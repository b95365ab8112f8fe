#!/usr/bin/env python3
"""embed.py OUT FILE...: writes a C++ source that holds each file as a string, named by its file name."""
import sys
from pathlib import Path

CHUNK = 8000  # a string literal has a limit in some compilers; pieces are joined


def literal(text):
    pieces = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)] or [""]
    return "\n        ".join(f'R"vigie~({piece})vigie~"' for piece in pieces)


out, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[3:]]
rows = "\n".join(f'    {{"{f.name}",\n        {literal(f.read_text(encoding="utf-8"))}}},' for f in sorted(files))
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(f"""#include "vigie/base/embedded.hpp"

namespace vigie::embedded {{
namespace {{
constexpr base::EmbeddedFile {sys.argv[2]}_files[] = {{
{rows}
}};
}}  // namespace
std::span<const base::EmbeddedFile> {sys.argv[2]}() {{
    return {sys.argv[2]}_files;
}}
}}  // namespace vigie::embedded
""", encoding="utf-8")
