"""Interpretation of DNA sequence models: attributions, mutagenesis, motifs, design, and one report.

Public names load when they are first used, so that `import seqinterp` loads neither torch nor numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from seqinterp.api.ablate import ablate as ablate
    from seqinterp.api.attack import attack as attack
    from seqinterp.api.attribute import attribute as attribute
    from seqinterp.api.attribute_outputs import attribute_outputs as attribute_outputs
    from seqinterp.api.attribution_uncertainty import attribution_uncertainty as attribution_uncertainty
    from seqinterp.api.calibrate import calibrate as calibrate
    from seqinterp.api.constraints import Constraints as Constraints
    from seqinterp.api.dependency_map import dependency_map as dependency_map
    from seqinterp.api.discover import discover as discover
    from seqinterp.api.dissect import dissect as dissect
    from seqinterp.api.edit_effects import edit_effects as edit_effects
    from seqinterp.api.evaluate import evaluate as evaluate
    from seqinterp.api.evidence import evidence as evidence
    from seqinterp.api.filter_motifs import filter_motifs as filter_motifs
    from seqinterp.api.find_companions import find_companions as find_companions
    from seqinterp.api.find_mislabelled import find_mislabelled as find_mislabelled
    from seqinterp.api.find_prototypes import find_prototypes as find_prototypes
    from seqinterp.api.flip_prediction import flip_prediction as flip_prediction
    from seqinterp.api.fool import fool as fool
    from seqinterp.api.gallery import gallery as gallery
    from seqinterp.api.influence import influence as influence
    from seqinterp.api.jacobian import jacobian as jacobian
    from seqinterp.api.judge_designs import judge_designs as judge_designs
    from seqinterp.api.marginalize import marginalize as marginalize
    from seqinterp.api.maximize_activation import maximize_activation as maximize_activation
    from seqinterp.api.methods import methods as methods
    from seqinterp.api.mutate import mutate as mutate
    from seqinterp.api.mutate_pairs import mutate_pairs as mutate_pairs
    from seqinterp.api.necessity_and_sufficiency import necessity_and_sufficiency as necessity_and_sufficiency
    from seqinterp.api.optimize import optimize as optimize
    from seqinterp.api.out_of_distribution import out_of_distribution as out_of_distribution
    from seqinterp.api.penalties import Penalties as Penalties
    from seqinterp.api.plan_edits import plan_edits as plan_edits
    from seqinterp.api.predict_uncertainty import predict_uncertainty as predict_uncertainty
    from seqinterp.api.results.ablation import Ablation as Ablation
    from seqinterp.api.results.attacked import Attacked as Attacked
    from seqinterp.api.results.attribution import Attribution as Attribution
    from seqinterp.api.results.attribution_uncertainty import AttributionUncertainty as AttributionUncertainty
    from seqinterp.api.results.companions import Companions as Companions
    from seqinterp.api.results.designs import Designs as Designs
    from seqinterp.api.results.dissection import Dissection as Dissection
    from seqinterp.api.results.edit_effects import EditEffects as EditEffects
    from seqinterp.api.results.evidence_report import Evidence as Evidence
    from seqinterp.api.results.flips import Flips as Flips
    from seqinterp.api.results.fooled import Fooled as Fooled
    from seqinterp.api.results.gallery import Gallery as Gallery
    from seqinterp.api.results.image_study import ImageStudy as ImageStudy
    from seqinterp.api.results.influence import Influence as Influence
    from seqinterp.api.results.marginal_effects import MarginalEffects as MarginalEffects
    from seqinterp.api.results.maximized import MaximizedInputs as MaximizedInputs
    from seqinterp.api.results.motifs import Motifs as Motifs
    from seqinterp.api.results.mutagenesis import Mutagenesis as Mutagenesis
    from seqinterp.api.results.necessity import NecessitySufficiency as NecessitySufficiency
    from seqinterp.api.results.neighbours import NearestExamples as NearestExamples
    from seqinterp.api.results.pairs import PairEffects as PairEffects
    from seqinterp.api.results.prototypes import Prototypes as Prototypes
    from seqinterp.api.results.scorecard import Scorecard as Scorecard
    from seqinterp.api.results.spacing import SpacingEffects as SpacingEffects
    from seqinterp.api.results.synergy import Synergy as Synergy
    from seqinterp.api.results.uncertainty import Uncertainty as Uncertainty
    from seqinterp.api.results.verification import Verification as Verification
    from seqinterp.api.study_images import study_images as study_images
    from seqinterp.api.sweep_spacing import sweep_spacing as sweep_spacing
    from seqinterp.api.synergy import synergy as synergy
    from seqinterp.api.train import train as train
    from seqinterp.api.train_images import train_images as train_images
    from seqinterp.api.variant_effects import variant_effects as variant_effects
    from seqinterp.api.variant_uncertainty import variant_uncertainty as variant_uncertainty
    from seqinterp.api.verify import verify as verify
    from seqinterp.attribution.jacobian import saliency_map as saliency_map
    from seqinterp.concepts.concept_masks import box_masks as box_masks, interval_masks as interval_masks
    from seqinterp.errors import SeqinterpError as SeqinterpError
    from seqinterp.evaluation.scorecard.thresholds import Thresholds as Thresholds
    from seqinterp.images.augment import Augmentation as Augmentation
    from seqinterp.images.balance import oversample as oversample, undersample as undersample
    from seqinterp.images.crop import box_around as box_around, central_box as central_box, crop as crop
    from seqinterp.images.duplicates import find_duplicates as find_duplicates
    from seqinterp.images.fine_tune import Stage as Stage
    from seqinterp.images.image_set import ImageSet as ImageSet
    from seqinterp.images.settings import ImageSettings as ImageSettings
    from seqinterp.images.split import split_images as split_images
    from seqinterp.io.image_files import read_images as read_images
    from seqinterp.io.image_weights import load_weights as load_weights
    from seqinterp.io.load_model import load_model as load_model
    from seqinterp.io.mask_files import read_masks as read_masks
    from seqinterp.io.motif_files import read_motifs as read_motifs, write_meme as write_meme
    from seqinterp.io.tables import read_examples as read_examples
    from seqinterp.models.heads import with_variance as with_variance
    from seqinterp.models.regression import fit_members as fit_members, fit_regression as fit_regression
    from seqinterp.motifs.motif import Motif as Motif
    from seqinterp.plot.image_panels import image_panels as image_panels
    from seqinterp.plot.overlay import overlay as overlay
    from seqinterp.report.evidence_doubts import DoubtLimits as DoubtLimits
    from seqinterp.sequence.examples import Locus as Locus
    from seqinterp.sequence.onehot import decode as decode, one_hot as one_hot

# name -> the module that defines it
_PUBLIC = {
    "ablate": "api.ablate",
    "Ablation": "api.results.ablation",
    "attack": "api.attack",
    "Attacked": "api.results.attacked",
    "attribute": "api.attribute",
    "attribute_outputs": "api.attribute_outputs",
    "Attribution": "api.results.attribution",
    "attribution_uncertainty": "api.attribution_uncertainty",
    "AttributionUncertainty": "api.results.attribution_uncertainty",
    "Augmentation": "images.augment",
    "box_around": "images.crop",
    "box_masks": "concepts.concept_masks",
    "calibrate": "api.calibrate",
    "central_box": "images.crop",
    "Companions": "api.results.companions",
    "Constraints": "api.constraints",
    "crop": "images.crop",
    "decode": "sequence.onehot",
    "dependency_map": "api.dependency_map",
    "Designs": "api.results.designs",
    "discover": "api.discover",
    "dissect": "api.dissect",
    "Dissection": "api.results.dissection",
    "DoubtLimits": "report.evidence_doubts",
    "edit_effects": "api.edit_effects",
    "EditEffects": "api.results.edit_effects",
    "evaluate": "api.evaluate",
    "evidence": "api.evidence",
    "Evidence": "api.results.evidence_report",
    "filter_motifs": "api.filter_motifs",
    "find_companions": "api.find_companions",
    "find_duplicates": "images.duplicates",
    "find_mislabelled": "api.find_mislabelled",
    "find_prototypes": "api.find_prototypes",
    "fit_members": "models.regression",
    "fit_regression": "models.regression",
    "flip_prediction": "api.flip_prediction",
    "Flips": "api.results.flips",
    "fool": "api.fool",
    "Fooled": "api.results.fooled",
    "gallery": "api.gallery",
    "Gallery": "api.results.gallery",
    "image_panels": "plot.image_panels",
    "ImageSet": "images.image_set",
    "ImageSettings": "images.settings",
    "ImageStudy": "api.results.image_study",
    "influence": "api.influence",
    "Influence": "api.results.influence",
    "interval_masks": "concepts.concept_masks",
    "jacobian": "api.jacobian",
    "judge_designs": "api.judge_designs",
    "load_model": "io.load_model",
    "load_weights": "io.image_weights",
    "Locus": "sequence.examples",
    "MarginalEffects": "api.results.marginal_effects",
    "marginalize": "api.marginalize",
    "maximize_activation": "api.maximize_activation",
    "MaximizedInputs": "api.results.maximized",
    "methods": "api.methods",
    "Motif": "motifs.motif",
    "Motifs": "api.results.motifs",
    "Mutagenesis": "api.results.mutagenesis",
    "mutate": "api.mutate",
    "mutate_pairs": "api.mutate_pairs",
    "NearestExamples": "api.results.neighbours",
    "necessity_and_sufficiency": "api.necessity_and_sufficiency",
    "NecessitySufficiency": "api.results.necessity",
    "one_hot": "sequence.onehot",
    "optimize": "api.optimize",
    "out_of_distribution": "api.out_of_distribution",
    "overlay": "plot.overlay",
    "oversample": "images.balance",
    "PairEffects": "api.results.pairs",
    "Penalties": "api.penalties",
    "plan_edits": "api.plan_edits",
    "predict_uncertainty": "api.predict_uncertainty",
    "Prototypes": "api.results.prototypes",
    "read_examples": "io.tables",
    "read_images": "io.image_files",
    "read_masks": "io.mask_files",
    "read_motifs": "io.motif_files",
    "saliency_map": "attribution.jacobian",
    "Scorecard": "api.results.scorecard",
    "SeqinterpError": "errors",
    "SpacingEffects": "api.results.spacing",
    "split_images": "images.split",
    "Stage": "images.fine_tune",
    "study_images": "api.study_images",
    "sweep_spacing": "api.sweep_spacing",
    "Synergy": "api.results.synergy",
    "synergy": "api.synergy",
    "Thresholds": "evaluation.scorecard.thresholds",
    "train": "api.train",
    "train_images": "api.train_images",
    "Uncertainty": "api.results.uncertainty",
    "undersample": "images.balance",
    "variant_effects": "api.variant_effects",
    "variant_uncertainty": "api.variant_uncertainty",
    "Verification": "api.results.verification",
    "verify": "api.verify",
    "with_variance": "models.heads",
    "write_meme": "io.motif_files",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'seqinterp' has no attribute {name!r}")
    return getattr(import_module(f"seqinterp.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
