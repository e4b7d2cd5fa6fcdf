"""The provider's signer and ours come to the same, byte for byte."""

import random

import given
from case import Case
from signers import draw, our_answers, sdk_authorization

# How many random requests are compared.
REQUESTS = 200


class Signatures(Case):
    def test_random_requests_are_signed_alike(self) -> None:
        dice = random.Random(given.started_with.seed)
        requests = [draw(dice, index) for index in range(REQUESTS)]
        ours = our_answers(given.started_with.sign, requests)
        self.assertEqual(len(ours), REQUESTS)
        for request, answer in zip(requests, ours, strict=True):
            self.assertEqual(answer["authorization"], sdk_authorization(request), request)
