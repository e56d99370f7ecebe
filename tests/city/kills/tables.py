"""What the victims write down beside their work, each in the transaction of the work itself."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

metadata = MetaData()
# Every event that was committed, in the order of its commit: what must arrive.
truth = Table(
    "kills_truth",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), unique=True),
    Column("subject", String(8)),
    Column("due", BigInteger),  # of its clock
)
handled = Table(
    "kills_handled",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36)),
)
fired = Table(
    "kills_fired",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("key", String(36)),
    Column("late", BigInteger),  # µs after it was due
)
