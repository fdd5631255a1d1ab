"""The accounts of the fake users."""

import dagster as dg
import numpy as np

from threads_pipelines.content.persona import Persona
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.resources.connections import Database
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.resources.simulator import Simulator
from threads_pipelines.experiment.assignment import assign
from threads_pipelines.simulation.database import add_fake_users, read_fake_users
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.storage.postgres.accounts import experiments
from threads_pipelines.storage.postgres.accounts.privileges import Feature, require_privileges
from threads_pipelines.storage.postgres.contract import has_experiment_group, require_contract


@asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    code_version="1",
    deps=["check_services"],
    description="A few accounts with one interest each, recognised by their bio together with an "
    "id that can be recomputed. Creates the missing ones and assigns their experiment group; "
    "all others stay unchanged.",
    metadata=columns(id="text", email="text", username="text", display_name="text", bio="text"),
)
def fake_users(
    context: dg.AssetExecutionContext,
    database: Database,
    experiment: Experiment,
    simulator: Simulator,
) -> dg.MaterializeResult:
    """Create the fake users that are missing."""
    now = simulator.now(context)
    with database.engine() as engine:
        require_contract(engine)
        require_privileges(engine, Feature.SYNTHETIC)
        simulator.require_consent(engine)
        there = {user.id for user in read_fake_users(engine)}
        users = make_fake_users(simulator.users)
        missing = [user for user in users if user.id not in there]
        model, reason = simulator.model(context) if missing else (None, "")
        persona = Persona(model, simulator.rng(now, 0), calls=simulator.model_calls, reason=reason)
        names = [persona.generate_display_name(user.interest) for user in missing]
        added = add_fake_users(engine, missing, [name.text for name in names], now)
        if has_experiment_group(engine):
            dealt = assign(
                [user.id for user in users],
                [user.email for user in users],
                np.ones(len(users), bool),
                experiment.settings(),
            )
            experiments.write_groups(engine, *dealt.rows())
        found = read_fake_users(engine)
    if added.renamed:
        context.log.warning(f"people have the usernames of fake users, who got {added.renamed}")
    if added.left_out:
        context.log.warning(
            f"{len(added.left_out)} fake users were not made: a person has their email"
        )
    return dg.MaterializeResult(
        metadata=rows_made(
            len(found),
            accounts_made=added.added,
            names=preview(
                ["username", "display name", "decided by", "reason"],
                [
                    (user.username, name.text, name.decided_by, name.reason)
                    for user, name in zip(missing, names, strict=True)
                ],
            ),
        )
    )
