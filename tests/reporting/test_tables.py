from threads_pipelines.reporting.tables import markdown_table


def test_a_table_holds_a_line_a_row() -> None:
    assert markdown_table(["name", "rows"], [("view", 12345), ("like", 0.123456)]) == (
        "| name | rows |\n| --- | --- |\n| view | 12,345 |\n| like | 0.1235 |"
    )


def test_a_cell_cannot_break_out() -> None:
    table = markdown_table(["a"], [("x | y\n<script>alert(1)</script> **b**",)])
    assert table.splitlines()[2] == (
        "| x \\| y &lt;script&gt;alert(1)&lt;/script&gt; \\*\\*b\\*\\* |"
    )


def test_a_long_cell_is_cut() -> None:
    assert markdown_table(["a"], [("x" * 200,)], width=5).endswith("| xxxx… |")
