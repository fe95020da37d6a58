"""Tables in HTML. Cells are HTML already, so callers escape them."""


def row(cells: list[str]) -> str:
    """Return a row."""
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def table(headings: list[str], rows: str) -> str:
    """Return a table of rows."""
    return f"<table><tr>{''.join(f'<th>{heading}</th>' for heading in headings)}</tr>{rows}</table>"
