"""The living app: fake users who post, open their feeds and act on what they see."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg
import numpy as np

from threads_pipelines import settings, simulation
from threads_pipelines.content.persona import Persona
from threads_pipelines.content.text_model import TextModel
from threads_pipelines.defs.common import OWNERS, RETRY_IO, columns, preview, rows_made
from threads_pipelines.defs.every_minute import prune_runs
from threads_pipelines.defs.experiment import Experiment
from threads_pipelines.defs.resources import Database
from threads_pipelines.defs.simulator import Simulator
from threads_pipelines.experiment.assignment import assign
from threads_pipelines.population.fake_users import make_fake_users
from threads_pipelines.storage import experiments
from threads_pipelines.storage import simulation as storage
from threads_pipelines.storage.contract import has_experiment_group

_NOBODY = "there are no fake users yet: run manual_simulation once"


@dg.asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY_IO,
    deps=["check_services"],
    description="A few accounts with one interest each, recognised by their bio together with an "
    "id that can be recomputed. Makes the missing ones, deals their experiment group and leaves "
    "the rest alone.",
    metadata=columns(id="text", email="text", username="text", display_name="text", bio="text"),
)
def fake_users(
    context: dg.AssetExecutionContext,
    database: Database,
    experiment: Experiment,
    simulator: Simulator,
) -> dg.MaterializeResult:
    """Make the fake users that are missing."""
    now = simulator.now(context)
    with database.engine() as engine:
        there = {user.id for user in storage.read_fake_users(engine)}
        users = make_fake_users(simulator.users)
        missing = [user for user in users if user.id not in there]
        model, reason = _model(context, simulator) if missing else (None, "")
        persona = Persona(model, simulator.rng(now, 0), calls=simulator.model_calls, reason=reason)
        names = [persona.generate_display_name(user.interest) for user in missing]
        added = storage.add_fake_users(engine, missing, [name.text for name in names], now)
        if has_experiment_group(engine):
            dealt = assign(
                [user.id for user in users],
                [user.email for user in users],
                np.ones(len(users), bool),
                experiment.settings(),
            )
            experiments.write_groups(engine, *dealt.rows())
        found = storage.read_fake_users(engine)
    if added < len(missing):
        context.log.warning(
            f"{len(missing) - added} fake users were not made: a person has their email or username"
        )
    return dg.MaterializeResult(
        metadata=rows_made(
            len(found),
            accounts_made=added,
            names=preview(
                ["username", "display name", "decided by", "reason"],
                [
                    (user.username, name.text, name.decided_by, name.reason)
                    for user, name in zip(missing, names, strict=True)
                ],
            ),
        )
    )


@dg.asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY_IO,
    deps=[fake_users],
    description="One to three posts a run on their authors' interests, by the text model or by "
    "templates, never a text that was posted before.",
    metadata=columns(id="text", user_id="text", content="text", created_at="timestamp(3)"),
)
def generated_posts(
    context: dg.AssetExecutionContext, database: Database, simulator: Simulator
) -> dg.MaterializeResult:
    """Let some fake users post."""
    now = simulator.now(context)
    rng = simulator.rng(now, 1)
    with database.engine() as engine:
        authors = storage.read_fake_users(engine)[: simulator.users]
        model, reason = _model(context, simulator)
        written, faults = simulation.write_posts(
            engine,
            authors,
            simulator.posts(rng),
            now,
            rng,
            model,
            calls=(simulator.model_calls + 1) // 2,
            reason=reason,
        )
    for fault in faults if authors else [_NOBODY]:
        context.log.warning(fault)
    for reason in sorted({post.said.reason for post in written} - {""}):
        context.log.info(f"not by the model: {reason}")
    rows = [(p.author.username, p.said.decided_by, p.said.reason, p.said.text) for p in written]
    return dg.MaterializeResult(
        metadata=rows_made(
            len(written),
            decided_by=dict(Counter(post.said.decided_by for post in written)),
            posts=preview(["author", "decided by", "reason", "text"], rows),
        )
    )


@dg.asset(
    group_name="simulation",
    kinds={"postgres", "ollama"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY_IO,
    deps=[generated_posts, "user_recommendation"],
    description="Each fake user opens its feed as the app serves it, looks at three to five posts "
    "and views, likes or comments on those that suit its interest: the app's own rows. The oldest "
    "rows beyond the caps go.",
    metadata=columns(
        id="text",
        user_id="text",
        post_id="text",
        interaction_type="text",
        metadata="jsonb",
        created_at="timestamp(3)",
    ),
)
def simulated_interactions(
    context: dg.AssetExecutionContext, database: Database, simulator: Simulator
) -> dg.MaterializeResult:
    """Let every fake user look at its feed for a moment."""
    now = simulator.now(context)
    rng = simulator.rng(now, 2)
    with database.engine() as engine:
        users = storage.read_fake_users(engine)[: simulator.users]
        model, reason = _model(context, simulator)
        persona = Persona(model, rng, calls=simulator.model_calls // 2, reason=reason)
        looks, rows = simulation.act_on_feeds(engine, users, now, rng, persona, simulator.tick())
        removed = storage.remove_oldest(
            engine, simulator.keep_posts, simulator.keep_rows, batches=1
        )
    if not users:
        context.log.warning(_NOBODY)
    told = _told(looks)
    for reason in told["reasons"]:
        context.log.info(f"not by the model: {reason}")
    runs = prune_runs(context.instance, simulator.keep_run_hours)
    return dg.MaterializeResult(
        metadata=rows_made(
            rows["user_interaction"],
            likes=rows["like"],
            comments=rows["comment"],
            removed_as_oldest=removed,
            runs_pruned=runs,
            **told,
        )
    )


def _told(looks: Sequence[simulation.Look]) -> dict[str, Any]:
    """What was looked at and what decided, for the metadata."""
    comments = [look.comment for look in looks if look.comment]
    reasons = [said.reason for said in comments] + [look.decision.reason for look in looks]
    rows = [
        (
            look.user.username,
            "recommended" if look.recommended else "chance",
            f"{look.decision.act} ({look.decision.decided_by}, {look.decision.similarity:.2f})",
            ", ".join(act.kind for act in look.acts),
            f"{look.comment.text} ({look.comment.decided_by})" if look.comment else "",
        )
        for look in looks
    ]
    return {
        "interest_decided_by": dict(Counter(look.decision.decided_by for look in looks)),
        "comments_decided_by": dict(Counter(said.decided_by for said in comments)),
        "reasons": dict(Counter(filter(None, reasons))),
        **{f"{name}_looks": counts for name, counts in simulation.rates(looks).items()},
        "looks": preview(["user", "feed", "interest", "acts", "comment"], rows),
    }


def _model(context: dg.AssetExecutionContext, simulator: Simulator) -> tuple[TextModel | None, str]:
    model, reason = simulation.open_model(settings.load(), simulator.model_call_seconds)
    if reason:
        context.log.warning(f"templates write: {reason}")
    return model, reason
