"""The synthetic population, written to the app's tables."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from threads_pipelines import settings
from threads_pipelines.defs.assets.content import post_variations
from threads_pipelines.defs.assets.seeds import read_seed_users, seed_users
from threads_pipelines.defs.common import (
    OWNERS,
    RETRY_IO,
    blocking,
    columns,
    retry_only_io_errors,
)
from threads_pipelines.defs.cost import measured
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.synthetic import SyntheticData
from threads_pipelines.defs.results.population import (
    interactions_result,
    name_conflicts,
    rows_of_table,
    table_result,
)
from threads_pipelines.population.generate import Population, generate
from threads_pipelines.population.tables import batches, table
from threads_pipelines.storage.postgres.accounts.add import add_accounts
from threads_pipelines.storage.postgres.accounts.privileges import Feature, require_privileges
from threads_pipelines.storage.postgres.bulk import arrow_table, copy_batches
from threads_pipelines.storage.postgres.contract import require_contract
from threads_pipelines.storage.s3.exports import export_rows
from threads_pipelines.storage.s3.synthetic.catalogue import load_catalogue

if TYPE_CHECKING:
    import sqlalchemy as sa


def _spec(name: str, deps: list[Any], description: str, **types: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=deps,
        description=description,
        metadata=columns(**types),
        group_name="population",
        kinds={"postgres", "faker"},
        owners=OWNERS,
        code_version="1",
    )


SPECS = [
    _spec(
        "synthetic_users",
        [seed_users, post_variations],
        "Accounts drawn from the archetypes, and who follows whom. Recognisable by an "
        "@synthetic.test email and an id that can be recomputed from it.",
        id="text",
        email="text",
        username="text",
        bio="text",
        created_at="timestamp(3)",
    ),
    _spec(
        "synthetic_posts",
        [post_variations, "synthetic_users"],
        "The catalogue's posts with authors and times, and a few reposts.",
        id="text",
        user_id="text",
        content="text",
        original_post_id="text",
        created_at="timestamp(3)",
    ),
    _spec(
        "synthetic_interactions",
        ["synthetic_posts"],
        "Views, clicks, likes, shares and comments in bursts and sessions, by topic, popularity "
        "and age of a post, with the app's own metadata; its statistics beside those of real "
        "feeds.",
        id="text",
        user_id="text",
        post_id="text",
        interaction_type="text",
        metadata="jsonb",
        created_at="timestamp(3)",
    ),
]


@dg.multi_asset(
    specs=SPECS,
    name="synthetic_population",
    retry_policy=RETRY_IO,
    check_specs=blocking(
        "synthetic_interactions",
        {
            "within_window": "Every interaction is inside the window and after its post.",
            "refers_to_rows": "Every row that was made is in the database.",
        },
    ),
)
@measured
@retry_only_io_errors
def synthetic_population(
    context: dg.AssetExecutionContext,
    database: Database,
    storage: ObjectStorage,
    synthetic: SyntheticData,
) -> Iterator[dg.MaterializeResult]:
    """Generate the population once and write it by table; existing rows are left unchanged."""
    with database.engine() as engine:
        require_contract(engine)
        require_privileges(engine, Feature.SYNTHETIC)
        synthetic.require_consent(engine)
    store = storage.store()
    run_key = synthetic.pin(store)
    catalogue = load_catalogue(store, run_key.catalogue)
    made = generate(
        synthetic.population(),
        run_key.name,
        read_seed_users(store),
        catalogue["text"].to_pylist(),
        catalogue["topic"].to_pylist(),
        run_key.now,
        context.log.info,
    )
    scratch = settings.load().state_dir / "scratch"
    with database.engine() as engine:
        accounts = add_accounts(engine, table(made, "user"))
        made = replace(made, left_out=np.array(accounts.left_out, "S36"))
        for line in name_conflicts(accounts):
            context.log.warning(line)
        users = accounts.added
        follows = _write(engine, made, "follow")
        export_rows(store, f"{run_key.folder}users", *rows_of_table(made, "user"), scratch)
        context.log.info(f"{users:,} accounts and {follows:,} follows added")
        yield table_result(
            made,
            "synthetic_users",
            "user",
            users,
            follows=len(made.follows),
            renamed=len(accounts.renamed),
            left_out=len(accounts.left_out),
        )
        posts = _write(engine, made, "post")
        export_rows(store, f"{run_key.folder}posts", *rows_of_table(made, "post"), scratch)
        context.log.info(f"{posts:,} posts added")
        yield table_result(made, "synthetic_posts", "post", posts)
        added = 0
        for new in copy_batches(engine, "user_interaction", batches(made, "user_interaction")):
            added += new
            context.log.info(f"{added:,} of {len(made.interactions):,} interactions added")
        likes, comments = _write(engine, made, "like"), _write(engine, made, "comment")
    rows = (arrow_table("user_interaction", part) for part in batches(made, "user_interaction"))
    export_rows(store, f"{run_key.folder}interactions", rows, len(made.interactions), scratch)
    yield interactions_result(made, synthetic, added, likes, comments)


def _write(engine: "sa.Engine", made: Population, name: str) -> int:
    return sum(copy_batches(engine, name, batches(made, name)))
