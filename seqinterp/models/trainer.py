"""The training of one network: steps, learning rate, early stopping."""

import copy
import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

from seqinterp.errors import ModelError
from seqinterp.models.architecture import assemble
from seqinterp.models.balance import Batch, balanced_log_loss, batches
from seqinterp.models.network import Network
from seqinterp.models.predict import predict_logits
from seqinterp.models.settings import TrainSettings
from seqinterp.models.training_progress import Row

Examples = tuple[Tensor, NDArray[np.float64]]


@dataclasses.dataclass
class Trainer:
    """The training of one member."""

    network: Network
    train: TrainSettings
    device: torch.device
    generator: np.random.Generator

    def run(self, examples: Examples, valid: Examples | None, report: Callable[[Row], None]) -> pd.DataFrame:
        """Train until patience or epochs end; the network holds the best weights afterwards."""
        model = assemble([self.network], self.train.strands).to(self.device)
        optimizer = self._optimizer()
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        steps = batches(examples[1], self.train, self.generator)
        rows: list[dict[str, float | int]] = []
        best, best_epoch, kept = np.inf, 0, None
        for epoch in range(1, self.train.epochs + 1):
            losses = [
                self._step(model, optimizer, schedule, examples, next(steps)) for _ in range(self.train.epoch_steps)
            ]
            self._require_finite(losses, epoch)
            row: dict[str, float | int] = {
                "epoch": epoch,
                "train_loss": float(np.mean(losses)),
                **self._judge(model, valid),
            }
            rows.append(row)
            report(row)
            now = -row["valid_ap"] if self.train.watch == "average_precision" else row["valid_loss"]
            if valid is None or now < best:
                best, best_epoch = now, epoch
                kept = copy.deepcopy(self.network.state_dict()) if valid is not None else None
            elif epoch - best_epoch >= self.train.patience:
                break
        if kept is not None:
            self.network.load_state_dict(kept)
        history = pd.DataFrame(rows)
        return history.assign(kept=history["epoch"] == best_epoch)

    def _optimizer(self) -> torch.optim.Optimizer:
        """AdamW; the first filters have a step size of their own and no decay."""
        filters = list(self.network.filters.parameters())
        others = [parameter for name, parameter in self.network.named_parameters() if not name.startswith("filters.")]
        rate = self.train.learning_rate
        filter_rate = rate if self.train.filter_learning_rate is None else self.train.filter_learning_rate
        parts: list[dict[str, Any]] = [{"params": filters, "lr": filter_rate, "weight_decay": 0.0}, {"params": others}]
        return torch.optim.AdamW(parts, lr=rate, weight_decay=self.train.weight_decay)

    def _rate(self, step: int) -> float:
        """The fraction of the step size that is left at a step."""
        if self.train.schedule == "constant":
            return 1.0
        return (1 + math.cos(math.pi * step / (self.train.epochs * self.train.epoch_steps))) / 2

    def _step(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        examples: Examples,
        batch: Batch,
    ) -> float:
        """One step; the loss before it."""
        model.train()
        indices, weights = batch
        labels = torch.from_numpy(examples[1][indices]).float().to(self.device)
        logits = model(examples[0][torch.from_numpy(indices)].to(self.device))[:, 0]
        losses = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        loss = (losses * torch.from_numpy(weights).float().to(self.device)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.item()

    def _require_finite(self, losses: list[float], epoch: int) -> None:
        """Stop a training that has run away."""
        if not np.isfinite(losses).all():
            raise ModelError(
                f"the training loss became NaN or infinite in epoch {epoch}; lower learning_rate "
                f"(it is {self.train.learning_rate:g})"
            )

    def _judge(self, model: nn.Module, valid: Examples | None) -> dict[str, float]:
        """Loss at the class balance of training, and average precision, on the validation data."""
        if valid is None:
            return {"valid_loss": math.nan, "valid_ap": math.nan}
        logits = predict_logits(model, valid[0], device=self.device)
        loss = balanced_log_loss(logits, valid[1], balanced=self.train.balance != "none")
        return {"valid_loss": loss, "valid_ap": float(average_precision_score(valid[1], logits))}
