"""What axe-core finds wrong with a page, for those who see, hear or type it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()


def violations(page: Page) -> list[tuple[str, str]]:
    """Return each rule that is broken, with the element that breaks it."""
    return [
        (rule["id"], node["html"][:160] + str(node.get("any", ""))[:200])
        for rule in AXE.run(page).response["violations"]
        for node in rule["nodes"]
    ]
