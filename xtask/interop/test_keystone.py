"""OpenStack's own client gets a token from our mock's IAM, uses it, and gets another when it dies."""

import time

from keystoneauth1 import exceptions
from keystoneauth1.discover import Discover
from keystoneauth1.identity import generic, v3
from keystoneauth1.session import Session

from case import Case
from mock import PROJECT
from mock import KeystoneMock as Mock

REGION = "cn-east-3"
USER = "ann:pass:w@rd@acme"
LIST = f"/v1/{PROJECT}/instances"


def password(mock: Mock, **changed: str) -> v3.Password:
    """The user's password, for the project of the region."""
    known = {"username": "ann", "password": "pass:w@rd", "user_domain_name": "acme", "project_name": REGION}
    return v3.Password(auth_url=f"{mock.url}/v3", **{**known, **changed})


def instances(session: Session, mock: Mock, **more: object) -> list[dict]:
    return session.get(f"{mock.url}{LIST}", params={"limit": 10}, **more).json()["instances"]


class Keystone(Case):
    def test_a_token_is_got_once_and_used_for_every_call(self) -> None:
        with Mock("--iam-user", USER) as mock:
            session = Session(auth=password(mock))
            for _ in range(3):
                self.assertEqual(len(instances(session, mock)), 10)
            access = session.auth.get_access(session)
            self.assertEqual((access.project_id, access.project_name, access.username), (PROJECT, REGION, "ann"))
            self.assertFalse(access.will_expire_soon(stale_duration=23 * 3600))
            self.assertEqual(len(mock.calls("ListInstances")), 3)
            self.assertEqual(self.tokens_got(mock), 1)

    def test_projects_can_be_asked_for_by_name_or_id(self) -> None:
        with Mock("--iam-user", USER) as mock:
            for scope in ({"project_id": PROJECT, "project_name": None}, {"project_domain_name": "acme"}):
                session = Session(auth=password(mock, **scope))
                self.assertEqual(session.get_project_id(), PROJECT, scope)
                listed = session.get(f"{mock.url}/v3/projects", params={"name": REGION}).json()["projects"]
                self.assertEqual([project["id"] for project in listed], [PROJECT], scope)

    def test_versions_are_discovered(self) -> None:
        with Mock("--iam-user", USER) as mock:
            names = {"username": "ann", "password": "pass:w@rd", "user_domain_name": "acme", "project_name": REGION}
            # Told nothing but the address, this one looks for the version by itself.
            session = Session(auth=generic.Password(auth_url=mock.url, **names))
            self.assertEqual(session.get_project_id(), PROJECT)
            for address in (mock.url, f"{mock.url}/v3"):
                versions = [found["version"] for found in Discover(session, address).version_data()]
                self.assertEqual(versions, [(3, 14)], address)

    def test_a_token_and_its_account_are_told(self) -> None:
        with Mock("--iam-user", USER) as mock:
            session = Session(auth=password(mock))
            token = session.get_token()
            told = session.get(f"{mock.url}/v3/auth/tokens", headers={"X-Subject-Token": token}).json()["token"]
            self.assertEqual((told["user"]["name"], told["project"]["id"]), ("ann", PROJECT))
            domains = session.get(f"{mock.url}/v3/auth/domains").json()["domains"]
            self.assertEqual([domain["name"] for domain in domains], ["acme"])
            with self.assertRaises(exceptions.NotFound):
                session.get(f"{mock.url}/v3/auth/tokens", headers={"X-Subject-Token": "another"})

    def test_wrong_users_get_none(self) -> None:
        with Mock("--iam-user", USER) as mock:
            for changed, expected in [
                ({"password": "another"}, exceptions.Unauthorized),
                ({"username": "bob"}, exceptions.Unauthorized),
                ({"user_domain_name": "else"}, exceptions.Unauthorized),
                ({"project_name": "cn-south-1"}, exceptions.HttpError),
            ]:
                with self.subTest(changed), self.assertRaises(expected) as caught:
                    Session(auth=password(mock, **changed)).get_token()
                self.assertNotIn("pass:w@rd", str(caught.exception))

    def test_a_token_that_dies_early_is_replaced_on_the_401(self) -> None:
        with Mock("--iam-user", USER, "--token-dies-after", "1s") as mock:
            session = Session(auth=password(mock))
            first = session.get_token()
            while session.get(f"{mock.url}{LIST}", authenticated=False, headers={"X-Auth-Token": first},
                              raise_exc=False).status_code != 401:
                time.sleep(0.05)
            got = self.tokens_got(mock)
            self.assertEqual(len(instances(session, mock)), 10, "without a word to the caller")
            self.assertEqual(self.tokens_got(mock), got + 1)
            self.assertNotEqual(session.get_token(), first)

    def test_a_token_about_to_expire_is_replaced_before_it_is_used(self) -> None:
        # Keystone's client holds a token with less than two minutes to live for dead.
        with Mock("--iam-user", USER, "--token-life", "90s") as mock:
            session = Session(auth=password(mock))
            for _ in range(2):
                self.assertEqual(len(instances(session, mock)), 10)
            self.assertEqual(self.tokens_got(mock), 2)

    def test_a_second_401_in_a_row_is_told(self) -> None:
        with Mock("--iam-user", USER) as mock:
            session = Session(auth=password(mock))
            refusal = '{"error_code":"APIGW.0307","error_msg":"The token must be updated"}'
            mock.arm_answer("ListInstances", 401, refusal, times=2)
            with self.assertRaises(exceptions.Unauthorized):
                instances(session, mock)
            self.assertEqual((self.tokens_got(mock), len(mock.calls("ListInstances"))), (2, 2))

    def tokens_got(self, mock: Mock) -> int:
        return mock.truth()["requests"].get("KeystoneCreateUserTokenByPassword", 0)
