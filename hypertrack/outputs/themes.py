"""Colors of a page on dark and on light ground."""

from hypertrack.outputs.templates import read_source

ROOT = ":root {"


def both_themes() -> str:
    """Return a sheet that follows the reader's system until a page's ``data-theme`` says else."""
    light = read_source("light.css")
    by_system = light.replace(ROOT, ':root:not([data-theme="dark"]) {')
    chosen = light.replace(ROOT, ':root[data-theme="light"] {')
    printed = light.replace(ROOT, ":root, :root[data-theme] {")
    return (
        f"{read_source('dark.css')}@media (prefers-color-scheme: light) {{ {by_system} }}\n"
        f"{chosen}@media print {{ {printed} }}\n"
    )
