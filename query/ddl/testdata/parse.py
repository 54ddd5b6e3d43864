import json, sys
import sqlglot
from sqlglot import exp

trees = [t for t in sqlglot.parse(sys.stdin.read(), dialect="athena", error_level=sqlglot.ErrorLevel.RAISE) if t]
assert len(trees) == 1, f"{len(trees)} statements"
tree = trees[0]
out = {"kind": type(tree).__name__, "table": "", "columns": [], "partitions": [], "properties": {}, "location": "", "sql": tree.sql(dialect="hive")}
assert not isinstance(tree, exp.Command), "not understood: " + tree.sql()
table = tree.find(exp.Table)
out["table"] = ".".join(p.name for p in table.parts)


def column(c):
    return [c.name.lower(), c.args["kind"].sql(dialect="hive").lower().replace(" ", "")]


if isinstance(tree, exp.Create):
    out["columns"] = [column(c) for c in tree.this.expressions]
    for p in tree.args["properties"].expressions:
        if isinstance(p, exp.PartitionedByProperty):
            out["partitions"] = [column(c) for c in p.this.expressions]
        elif isinstance(p, exp.LocationProperty):
            out["location"] = p.this.name
        elif type(p) is exp.Property:
            out["properties"][p.this.name] = p.args["value"].name
else:
    for p in tree.find_all(exp.Property):
        out["properties"][p.this.name] = p.args["value"].name
    for p in tree.find_all(exp.EQ):
        out["properties"][p.this.name] = p.expression.name
print(json.dumps(out))
