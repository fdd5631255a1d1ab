"""People who are named like accounts of the synthetic population."""

from tests.defs.conftest import SMALL, World
from threads_pipelines.dataset import identity

CONTROL, TREATMENT = identity.TEST_ACCOUNTS
PEOPLE = "SELECT * FROM \"user\" WHERE id LIKE 'person%%' ORDER BY id"


def test_people_named_like_synthetic_accounts_break_nothing_and_are_not_touched(
    world: World,
) -> None:
    taken = [
        (identity.user_email("default", 3), "somebody"),  # with its posts and all on them
        (CONTROL, "another"),
        ("t@example.org", TREATMENT.split("@")[0]),
        ("x@example.org", "some_name"),
    ]
    for number, (email, username) in enumerate(taken):
        world.query(
            'INSERT INTO "user" (id, email, username, bio, created_at, updated_at) VALUES'
            " (%(id)s, %(email)s, %(name)s, 'FAKE_USER: me', now(), now()); COMMIT; SELECT 1",
            id=f"person{number}",
            email=email,
            name=username,
        )
    before = world.query(PEOPLE)
    allowed = {"synthetic": {"config": {**SMALL, "with_real_accounts": True}}}
    for _ in range(2):
        result = world.run("generate_synthetic_data", resources=allowed)
    (made,) = result.asset_materializations_for_node("synthetic_population")[:1]
    assert made.metadata["left_out"].value == 2
    synthetic = {
        identifier: username
        for identifier, email, username in world.query('SELECT id, email, username FROM "user"')
        if identity.is_synthetic(identifier, email)
    }
    assert len(synthetic) == SMALL["users"]  # 60 and two test accounts, without the two
    assert synthetic[identity.test_account_id(TREATMENT)].startswith("test_treatment_")
    assert identity.test_account_id(CONTROL) not in synthetic
    assert world.query("SELECT count(*) > 2000 FROM user_interaction") == [(True,)]
    assert world.query(PEOPLE) == before
