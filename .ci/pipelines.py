"""Judges the pipelines that pages show by the schemas of those who run them: GitHub's and GitLab's.

uv run --group deploy python .ci/pipelines.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.pages import ALL


def main() -> None:
    """Judge each; exit 1 with what is wrong."""
    shown = [block.text for block in ALL if block.language == "yaml"]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(shown):
            path = Path(folder, f"{number}.yml")
            path.write_text(text, encoding="utf-8")
            schema = "vendor.github-workflows" if "\njobs:" in text else "vendor.gitlab-ci"
            transform = ["--data-transform", "gitlab-ci"] if schema.endswith("gitlab-ci") else []
            subprocess.run(["check-jsonschema", "--quiet", "--builtin-schema", schema, *transform, path], check=True)
    sys.stdout.write(f"{len(shown)} pipelines\n")


if __name__ == "__main__":
    main()
