"""The app's tables: made in an empty database only, and every difference named."""

import pytest
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from threads_pipelines.errors import ContractError, DatabaseError
from threads_pipelines.project_files import SQL_DIR
from threads_pipelines.storage.postgres.contract import (
    add_experiment_group,
    check_contract,
    create_schema,
    has_experiment_group,
    require_contract,
)
from threads_pipelines.storage.postgres.contract_tables import TABLES
from threads_pipelines.storage.postgres.database import connect, session

# What someone did to the database, what is said of it, and whether the pipeline can live with it.
CHANGES = [
    ('DROP TABLE "like"', '"like": the table is missing', True),
    ("DROP TABLE account", '"account": the table is missing', False),
    ("ALTER TABLE post DROP content", '"post": column content is missing', True),
    (
        "ALTER TABLE post ALTER id TYPE varchar(36)",
        '"post": column id is character varying(36), not text',
        False,
    ),
    (
        "ALTER TABLE post ALTER created_at TYPE timestamptz",
        '"post": column created_at is timestamp with time zone, not timestamp(3) without time zone',
        True,
    ),
    (
        "ALTER TABLE post ALTER created_at TYPE timestamp(6)",
        '"post": column created_at is timestamp(6) without time zone, '
        "not timestamp(3) without time zone",
        False,
    ),
    (
        "ALTER TABLE user_recommendation ALTER score TYPE real",
        '"user_recommendation": column score is real, not double precision',
        True,
    ),
    (
        "ALTER TABLE user_interaction ALTER metadata TYPE json",
        '"user_interaction": column metadata is json, not jsonb',
        True,
    ),
    (
        "ALTER TABLE post ALTER created_at DROP NOT NULL",
        '"post": column created_at may be NULL',
        True,
    ),
    ('ALTER TABLE "user" ALTER bio SET NOT NULL', '"user": column bio is NOT NULL', True),
    (
        "ALTER TABLE post ALTER created_at DROP DEFAULT",
        '"post": column created_at has no default',
        False,
    ),
    (
        "ALTER TABLE post ALTER updated_at SET DEFAULT now()",
        '"post": column updated_at has a default (now())',
        False,
    ),
    (
        "ALTER TABLE post ADD mood text NOT NULL",
        '"post": column mood is NOT NULL without a default, so that no row can be added',
        True,
    ),
    (
        "DROP INDEX user_recommendation_user_id_post_id_key",
        '"user_recommendation": unique (user_id, post_id) is missing',
        True,
    ),
    (
        "DROP INDEX user_recommendation_user_id_score_idx",
        '"user_recommendation": index (user_id, score DESC) is missing',
        False,
    ),
    (
        "ALTER INDEX user_recommendation_user_id_score_idx RENAME TO other",
        '"user_recommendation": index (user_id, score DESC) is named other, '
        "not user_recommendation_user_id_score_idx",
        False,
    ),
    (
        "ALTER TABLE user_recommendation DROP CONSTRAINT user_recommendation_pkey",
        '"user_recommendation": primary key (id) is missing',
        True,
    ),
    (
        'ALTER TABLE "like" DROP CONSTRAINT like_post_id_fkey',
        '"like": foreign key (post_id -> post(id) on delete cascade on update cascade) is missing',
        True,
    ),
    (
        'ALTER TABLE "like" DROP CONSTRAINT like_post_id_fkey, ADD CONSTRAINT like_post_id_fkey '
        "FOREIGN KEY (post_id) REFERENCES post (id)",
        '"like": foreign key (post_id -> post(id) on delete cascade on update cascade) is missing',
        True,
    ),
]
HARMLESS = [
    "CREATE TABLE notification (id text PRIMARY KEY)",
    "ALTER TABLE post ADD mood text",
    "ALTER TABLE post ADD weather text NOT NULL DEFAULT 'calm'",
    'ALTER TABLE "user" DROP experiment_group',
    "CREATE INDEX ON post (updated_at)",
]


def test_the_schema_we_make_is_the_contract(own_database: AppDatabase) -> None:
    assert check_contract(own_database.engine) == []
    assert require_contract(own_database.engine) == []
    tables = own_database.rows(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    )
    assert tables == [(len(TABLES),)]


def test_every_kind_of_difference_is_named_and_judged(own_database: AppDatabase) -> None:
    for change, said, breaks in CHANGES:
        with session(own_database.engine) as connection, connection.cursor() as cursor:
            cursor.execute(change)
            connection.commit()
        try:
            found = {
                str(difference): difference.breaks
                for difference in check_contract(own_database.engine)
            }
            assert found.get(said) is breaks, (change, found)
            if breaks:
                with pytest.raises(ContractError, match="nothing was changed") as caught:
                    require_contract(own_database.engine)
                assert said in str(caught.value)
            else:
                assert [str(one) for one in require_contract(own_database.engine)] == [said]
        finally:
            _start_over(own_database)


def test_what_the_owner_added_is_no_difference(own_database: AppDatabase) -> None:
    for change in HARMLESS:
        own_database.rows(change)
    assert check_contract(own_database.engine) == []


def test_a_schema_is_made_in_an_empty_database_only(own_database: AppDatabase) -> None:
    own_database.users("ann")
    assert not create_schema(own_database.engine)
    _empty(own_database)
    own_database.rows("CREATE TABLE something (id int)")
    assert not create_schema(own_database.engine)
    assert {one.what for one in check_contract(own_database.engine)} == {"the table is missing"}


def test_another_schema_of_the_database_is_used_where_the_address_says_so(
    own_database: AppDatabase,
) -> None:
    own_database.rows("CREATE SCHEMA app")
    engine = connect(own_database.url + "?options=-csearch_path%3Dapp")
    assert {one.what for one in check_contract(engine)} == {"the table is missing"}
    assert create_schema(engine)
    assert check_contract(engine) == []
    engine.dispose()


def test_the_experiment_column_is_added_on_command(own_database: AppDatabase) -> None:
    assert has_experiment_group(own_database.engine)
    own_database.rows('ALTER TABLE "user" DROP experiment_group')
    assert not has_experiment_group(own_database.engine)
    own_database.users("ann")
    assert add_experiment_group(own_database.engine)
    assert not add_experiment_group(own_database.engine)
    assert own_database.rows('SELECT experiment_group FROM "user"') == [("control",)]
    assert check_contract(own_database.engine) == []


def test_the_owners_migration_is_our_statement() -> None:
    def sql(path: str) -> str:
        lines = (SQL_DIR / path).read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("--"))

    migration = "prisma/migrations/add_experiment_group/migration.sql"
    assert sql("experiment_group.sql") == sql(migration)


def test_missing_privileges_are_named_with_the_grant(own_database: AppDatabase) -> None:
    role = f"guest_{make_url(own_database.url).database}"
    own_database.rows(f"CREATE ROLE {role} LOGIN PASSWORD 'guest'")
    own_database.rows(f"GRANT USAGE ON SCHEMA public TO {role}")
    own_database.rows(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    guest = connect(
        make_url(own_database.url).set(username=role, password="guest").render_as_string(False)
    )
    said = [str(difference) for difference in check_contract(guest)]
    wanted = [
        ("user", "UPDATE (updated_at)", '"user"'),
        ("post", "UPDATE (updated_at)", "post"),
        ("user_recommendation", "INSERT", "user_recommendation"),
        ("user_recommendation", "UPDATE", "user_recommendation"),
        ("user_recommendation", "DELETE", "user_recommendation"),
    ]
    assert len(said) == len(wanted)
    for table, what, quoted in wanted:
        (line,) = (one for one in said if one.startswith(f'"{table}"') and f" {what}" in one)
        assert line.startswith(f'"{table}": role "{role}" lacks {what}')
        assert f"or GRANT {what}" in line
        assert line.endswith(f" ON {quoted} TO {role}")
    guest.dispose()
    own_database.rows(f"DROP OWNED BY {role}")
    own_database.rows(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "not-the-password"}, "user or password in DATABASE_URL is wrong"),
        ({"database": "nowhere"}, "create the database, or correct its name"),
        ({"port": 9}, "nothing listens there"),
        ({"host": "no-such-host.invalid"}, "host in DATABASE_URL is not known"),
    ],
)
def test_a_connection_that_fails_says_what_to_do_but_no_secret(
    app_database: AppDatabase, change: dict[str, str], message: str
) -> None:
    url = make_url(app_database.url)
    engine = connect(url.set(**change).render_as_string(False))  # type: ignore[arg-type]  # by name
    with pytest.raises(DatabaseError, match=message) as caught, session(engine):
        pass
    assert str(url.password) not in str(caught.value)
    assert "not-the-password" not in str(caught.value)
    assert "not-the-password" not in repr(engine)


def test_a_missing_table_is_a_matter_of_the_contract(app_database: AppDatabase) -> None:
    with pytest.raises(ContractError, match="nonsense"):
        app_database.rows("SELECT * FROM nonsense")


def test_every_connection_speaks_utc(app_database: AppDatabase) -> None:
    with session(app_database.engine) as connection, connection.cursor() as cursor:
        connection.rollback()
        cursor.execute("SHOW timezone")
        assert cursor.fetchall() == [("UTC",)]


def _start_over(database: AppDatabase) -> None:
    _empty(database)
    assert create_schema(database.engine)


def _empty(database: AppDatabase) -> None:
    database.rows("DROP SCHEMA public CASCADE")
    database.rows("CREATE SCHEMA public")
