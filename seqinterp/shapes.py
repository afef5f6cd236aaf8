"""Names for the arrays that travel between modules; the only place that spells out axes."""

from jaxtyping import Bool, Float, Int64, Integer, UInt8
from numpy import ndarray
from torch import Tensor

Array = Tensor | ndarray  # what a public call is handed, before it is checked

Inputs = Float[Tensor, "batch *features"]  # one-hot sequences (batch, 4, position), or images
Sequences = Float[Tensor, "batch 4 position"]  # one-hot DNA, bases in the order A, C, G, T
Attributions = Float[Tensor, "batch *features"]  # one number per feature of the inputs
References = Float[Tensor, "batch draws *features"]  # what the inputs are compared with
Outputs = Float[Tensor, "batch *outputs"]  # what a model predicts
Scores = Float[Tensor, " batch"]  # the one number per example that is explained
GroupValues = Float[Tensor, "batch groups"]  # one number per group of features
Words = Float[Tensor, "_ 4 _"]  # (words, 4, width) put into sequences; a column of zeros keeps what is there
Edited = Float[Tensor, "rows 4 position"]  # one row per edit
Effects = Float[Tensor, "batch 4 position"]  # score(edited) - score, for every edit
EditColumns = Float[Tensor, "_ 4"]  # what columns become, one row each
EditOutputs = Float[Tensor, "edits *outputs"]  # output(edited) - output, one row per edit of a list
PairEffectMap = Float[Tensor, "batch width 4 width 4"]  # the effect of two edits at once, or how they interact
Indices = Int64[Tensor, "_"]  # examples, positions or offsets; several in one call may differ in length
Jacobians = Float[Tensor, "batch outputs *features"]  # one gradient per output
PositionMap = Float[Tensor, "batch position"]  # one number per position
PlaceMap = Float[Tensor, "batch *places"]  # one number per place of a layer
Dependencies = Float[Tensor, "batch position position"]  # what an edit at the one position does at the other
Truth = Bool[Tensor, "batch position"]  # True where something was planted

Pwm = Float[ndarray, "4 width"]  # one motif: counts, probabilities or log-odds, bases A, C, G, T
Codes = UInt8[ndarray, " position"]  # A, C, G, T as 0..3; N as 4
CodeBlock = UInt8[ndarray, "draws position"]  # several coded sequences of one length
Labels = Float[ndarray, " example"]  # 0 or 1
Logits = Float[ndarray, " example"]  # the model's output before the sigmoid
BaseMap = Float[ndarray, "4 position"]  # one signed number per base and position of one sequence or motif
PairMap = Float[ndarray, "width 4 width 4"]  # one signed number per two positions and the bases put there
PositionPairs = Float[ndarray, "width width"]  # one signed number per two positions
Series = Float[ndarray, " point"]  # one number per point of a curve, position of a sequence or step of a search
Groups = Integer[ndarray, " example"]  # a number per example; equal numbers are one group
Counters = Integer[ndarray, " entry"]  # whole numbers in a row, for kernels
Matrix = Float[ndarray, "row place"]  # rows of numbers, for kernels
Places = Integer[ndarray, "row place"]  # positions within rows, for kernels
Numbers = Float[ndarray, " entry"]  # numbers in a row, for kernels
Windows = Integer[ndarray, "window 2"]  # rows [low, high) of each window
Listing = Integer[ndarray, " listed"]  # places that are listed, as many as there are
BaseMaps = Float[ndarray, "batch 4 position"]  # one number per base and position of several sequences
Rows = Float[ndarray, "batch position"]  # one number per position of several sequences
Blocks = Float[ndarray, "window column base"]  # stretches of sequences, position by position, for kernels
Templates = Float[ndarray, "template position base"]  # what windows are compared with
Patterns = Float[ndarray, "pattern position base"]  # means of windows, not as many as the templates they began with
Flags = Bool[ndarray, " entry"]  # yes or no in a row
MapRows = Float[ndarray, "row 4 position"]  # one number per base and position of each of several rows
Candidates = UInt8[ndarray, "candidate position"]  # coded sequences, not as many as those they were made from
Certainties = Float[ndarray, " position"]  # one number per position
Column = Float[ndarray, "row 1"]  # one number per row
FlagRows = Bool[ndarray, "row place"]  # yes or no in several rows
EditGains = Float[ndarray, "batch edit"]  # what each of the possible edits of several sequences would gain
Costs = Integer[ndarray, " draws"]  # how far each of several sequences is from keeping a rule, 0 where it does
Keeps = Bool[ndarray, " draws"]  # which of several sequences keep the rules
Frozen = Bool[ndarray, " position"]  # positions that no edit may touch
LetterSets = UInt8[ndarray, " letter"]  # which of A, C, G, T, N each letter stands for: bits 1, 2, 4, 8, 16
Images = Float[ndarray, "image channel row column"]  # pictures to be drawn
Features = Float[ndarray, "example feature"]  # several examples, each as a row of numbers
Natural = Float[Tensor, "natural ..."]  # examples that inputs are compared with
AnyNumbers = Float[ndarray, "..."]  # numbers in any arrangement
PlaceMask = Bool[Tensor, "batch *places"]  # True at the places of a region
PairTable = Float[ndarray, "_ _"]  # a number for every two methods, settings or examples
Members = Float[Tensor, "members batch *outputs"]  # the answers of several networks, or of one under several masks
ClassMembers = Float[Tensor, "members batch classes"]  # logits or probabilities of classes, by member
Tabled = Float[Tensor, "batch outputs"]  # several outputs of each example, in columns
Deviations = Float[ndarray, " example"]  # standard deviations, one per example
ClassTable = Float[ndarray, "example classes"]  # logits or probabilities of classes
ClassNumbers = Integer[ndarray, " example"]  # which class each example is of, from 0
NewNumbers = Float[ndarray, " new"]  # numbers of examples beside those that something was fitted to
NewClassTable = Float[ndarray, "new _"]  # probabilities of classes for such examples
NewFeatures = Float[ndarray, "new _"]  # rows of numbers of such examples
ClassSets = Bool[ndarray, "new classes"]  # which classes are possible for each of them
Representations = Float[Tensor, "training feature"]  # what a layer makes of each training example
NewRepresentations = Float[Tensor, "batch feature"]  # and of the examples that are asked about
HeadWeights = Float[Tensor, "outputs feature"]  # of a last linear layer
HeadGradients = Float[Tensor, "quantities outputs column"]  # by its weights, its bias the last column where it has one
Influences = Float[Tensor, "_ training"]  # what each training example did to each quantity or example
TrainingInputs = Float[Tensor, "training *features"]  # what a model was trained on
Suspicions = Float[Tensor, " training"]  # how much speaks against the label of each training example
Kernel = Float[Tensor, "training training"]  # how alike every two training examples are
Picture = Float[ndarray, "channel row column"]  # one picture to be drawn
PictureMap = Float[ndarray, "..."]  # an attribution of it, (channel, row, column) or (row, column)
