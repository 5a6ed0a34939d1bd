"""Every built-in type in every version, and the module that has its cases."""

import pytest

from tests.elicense.builtin_types import (
    test_business_license,
    test_construction_permit,
    test_construction_qualification,
    test_food_business,
    test_hygiene,
    test_road_transport,
    test_special_operation,
    test_teacher,
)

BENCHES = {
    "business-license.1": test_business_license.VERSIONS["2019"],
    "business-license.2": test_business_license.VERSIONS["2022"],
    "construction-permit.1": test_construction_permit.PERMIT,
    "construction-qualification.1": test_construction_qualification.CERTIFICATE,
    "food-business.1": test_food_business.OLD,
    "food-business.2": test_food_business.NEW,
    "hygiene.1": test_hygiene.LICENSE,
    "road-transport.1": test_road_transport.LICENSE,
    "special-operation.1": test_special_operation.CARD,
    "teacher.1": test_teacher.CERTIFICATE,
}
EVERY = pytest.mark.parametrize("name", BENCHES)
CASES = {
    "business-license": test_business_license,
    "construction-permit": test_construction_permit,
    "construction-qualification": test_construction_qualification,
    "food-business": test_food_business,
    "hygiene": test_hygiene,
    "road-transport": test_road_transport,
    "special-operation": test_special_operation,
    "teacher": test_teacher,
}
"""Name of a type -> its module, whose tables hold for each version of it."""
