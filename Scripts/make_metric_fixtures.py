#!/usr/bin/env python3
"""Makes the metric fixtures in Tests/Fixtures/evaluation from scikit-learn and SciPy (not from Earmark).

    make_metric_fixtures.py [OUT]

Each table is a JSON file: scores and truth row by row, and what scikit-learn says of them. `normal_quantile.csv` holds
probability,z from scipy.stats.norm.ppf. Needs numpy, scipy and scikit-learn.
"""
import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score, precision_recall_curve
from sklearn.metrics import roc_auc_score


def best_f1(truth, scores):
    precision, recall, thresholds = precision_recall_curve(truth, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    at = max(range(len(thresholds)), key=lambda i: (round(f1[i], 12), thresholds[i]))
    return float(f1[at]), float(thresholds[at])


def metrics(scores, truth):
    known = [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]
    ap = {c: float(average_precision_score(truth[:, c], scores[:, c])) for c in known}
    auc = {c: float(roc_auc_score(truth[:, c], scores[:, c])) for c in known}
    f1 = {c: best_f1(truth[:, c], scores[:, c]) for c in known}
    mean_auc = float(np.mean(list(auc.values())))
    rows = truth.sum(axis=1) > 0
    single = truth.sum(axis=1) == 1
    ordered = np.sort(scores[single], axis=1)
    right = (scores[single].argmax(axis=1) == truth[single].argmax(axis=1)) & (ordered[:, -1] > ordered[:, -2])
    return {
        "known": known, "ap": [ap[c] for c in known], "auc": [auc[c] for c in known],
        "best_f1": [f1[c][0] for c in known], "best_threshold": [f1[c][1] for c in known],
        "mAP": float(np.mean(list(ap.values()))), "auc_macro": mean_auc,
        "d_prime": float(np.sqrt(2) * norm.ppf(min(mean_auc, 1 - 1e-12))),
        "micro_ap": float(average_precision_score(truth.ravel(), scores.ravel())),
        "lwlrap": float(label_ranking_average_precision_score(
            truth[rows], scores[rows], sample_weight=truth[rows].sum(axis=1))),
        "top1": float(right.mean()),
        "mean": scores.astype(np.float64).mean(axis=0).tolist(), "deviation": scores.astype(np.float64).std(axis=0).tolist(),
        "quantiles": np.quantile(scores.astype(np.float64), [0.05, 0.25, 0.5, 0.75, 0.95], axis=0).T.tolist(),
        "clips_above": (scores >= 0.5).sum(axis=0).tolist(),
    }


def table(rng, clips, classes, levels):
    """Labels with one class that no clip has and one that every clip has; `levels` score steps, so that many tie."""
    truth = (rng.random((clips, classes)) < rng.uniform(0.05, 0.4, classes)).astype(int)
    truth[: clips // 4] = np.eye(classes, dtype=int)[rng.integers(0, classes - 2, clips // 4)]
    truth[:, classes - 2] = 0
    if clips % 2 == 0:
        truth[:, classes - 1] = 1
        truth[: clips // 4, classes - 1] = 0
    scores = 1 / (1 + np.exp(-(1.6 * truth - 1 + rng.normal(0, 1, truth.shape))))
    if levels:
        scores = np.round(scores * levels) / levels
    return scores.astype(np.float32), truth


def main():
    here = Path(__file__).resolve().parent.parent
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "Tests" / "Fixtures" / "evaluation"
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20)
    for name, clips, classes, levels in [("smooth", 61, 7, 0), ("ties", 80, 6, 10), ("coarse", 40, 5, 2)]:
        scores, truth = table(rng, clips, classes, levels)
        data = {"clips": clips, "classes": classes, "scores": [float(str(v)) for v in scores.ravel()],
                "truth": truth.ravel().tolist(), **metrics(scores, truth)}
        (out / f"{name}.json").write_text(json.dumps(data) + "\n")
    points = np.concatenate([10.0 ** -np.arange(1, 16.0), np.linspace(0.02, 0.98, 49), [0.075, 0.925],
                             1 - 10.0 ** -np.arange(3, 13.0), [1e-40, 1e-120]])
    (out / "normal_quantile.csv").write_text("".join(f"{p!r},{norm.ppf(p)!r}\n" for p in map(float, points))
                                             .replace("np.float64(", "").replace(")", ""))


if __name__ == "__main__":
    main()
