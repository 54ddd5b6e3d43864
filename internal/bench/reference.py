# Asks DuckDB for writes outside two regions, on two threads, with the columns
# given so that nothing is guessed from the data.
import sys

import duckdb

db = duckdb.connect()
db.execute("SET threads = 2")
rows = db.execute(
    """
    SELECT r.eventID, r.eventName, r.awsRegion
    FROM (SELECT unnest(Records) AS r
          FROM read_json(?, columns = {Records: 'STRUCT(eventID VARCHAR, eventName VARCHAR, awsRegion VARCHAR, readOnly BOOLEAN)[]'},
                         maximum_object_size = 67108864))
    WHERE NOT r.readOnly AND r.awsRegion NOT IN ('us-east-1', 'us-west-2')
    """,
    [sys.argv[1]],
)
while batch := rows.fetchmany(10000):
    sys.stdout.write("".join(",".join(row) + "\n" for row in batch))
