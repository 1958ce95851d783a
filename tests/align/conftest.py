"""Models of the tests are small: more than one thread costs more than it gains."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
