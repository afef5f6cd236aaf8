"""Pictures come out as they were put in, with what is known of them; everything else is one sentence."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from seqinterp.errors import FileError, InputError
from seqinterp.io.image_files import read_images
from seqinterp.io.image_pixels import read_pixels

NUMBERS = np.random.default_rng(0)
GREY = NUMBERS.integers(0, 256, (6, 9), dtype=np.uint8)
COLOURS = NUMBERS.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def save(pixels, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def folders(root, layout=("cat", "dog"), count=2):
    """Pictures of their own in folders below `root`."""
    for number, folder in enumerate(layout):
        for image in range(count):
            save(np.full((6, 9), 10 * number + image, np.uint8), root / folder / f"p{image}_{number}.png")
    return root


def idx(path, array):
    lengths = b"".join(int(length).to_bytes(4, "big") for length in array.shape)
    path.write_bytes(gzip.compress(bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()))


# ---- one picture


def test_grey_and_colours(tmp_path):
    grey = read_pixels(save(GREY, tmp_path / "a.png"))
    assert torch.equal(grey, torch.from_numpy(GREY.astype(np.float32) / 255)[None])
    colours = read_pixels(save(COLOURS, tmp_path / "b.PNG"))
    assert torch.equal(colours, torch.from_numpy(COLOURS.astype(np.float32).transpose(2, 0, 1) / 255))
    black_and_white = read_pixels(save(GREY > 127, tmp_path / "c.png"))
    assert torch.equal(black_and_white, torch.from_numpy((GREY > 127).astype(np.float32))[None])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path, suffix):
    deep = NUMBERS.integers(0, 65536, (6, 9), dtype=np.uint16)
    found = read_pixels(save(deep, tmp_path / f"deep.{suffix}"))
    np.testing.assert_allclose(found[0].numpy(), deep / 65535, atol=1e-7)


def test_jpeg_is_what_pillow_decodes(tmp_path):
    path = save(COLOURS, tmp_path / "a.jpeg", quality=90)
    decoded = np.asarray(Image.open(path), dtype=np.float32) / 255
    np.testing.assert_array_equal(read_pixels(path).numpy(), decoded.transpose(2, 0, 1))
    Image.fromarray(COLOURS).convert("CMYK").save(tmp_path / "b.jpg")
    assert read_pixels(tmp_path / "b.jpg").shape == (3, 6, 9)


@pytest.mark.parametrize(("orientation", "turn"), [(3, 2), (6, -1), (8, 1)])
def test_the_orientation_of_a_camera_is_applied(tmp_path, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(GREY, tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(read_pixels(path)[0].numpy(), np.rot90(GREY, turn) / 255, atol=1e-7)


def test_palettes_and_transparency(tmp_path):
    colours = Image.fromarray(COLOURS).quantize(16)
    colours.save(tmp_path / "colours.png")
    expected = np.asarray(colours.convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / 255
    np.testing.assert_array_equal(read_pixels(tmp_path / "colours.png").numpy(), expected)
    greys = Image.fromarray(GREY).quantize(256)
    greys.save(tmp_path / "greys.png")
    np.testing.assert_allclose(read_pixels(tmp_path / "greys.png")[0].numpy(), GREY / 255, atol=1e-6)
    alpha = NUMBERS.integers(0, 256, (6, 9), dtype=np.uint8)
    found = read_pixels(save(np.dstack([COLOURS, alpha]), tmp_path / "alpha.png")).numpy()
    np.testing.assert_allclose(found, (COLOURS * (alpha / 255.0)[..., None]).transpose(2, 0, 1) / 255, atol=1e-6)
    Image.fromarray(np.dstack([GREY, alpha])).save(tmp_path / "grey_alpha.png")
    np.testing.assert_allclose(
        read_pixels(tmp_path / "grey_alpha.png")[0].numpy(), GREY * (alpha / 255) / 255, atol=1e-6
    )


def test_files_that_cannot_be_read(tmp_path):
    whole = save(NUMBERS.integers(0, 256, (60, 60, 3), dtype=np.uint8), tmp_path / "a.png")
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:3000])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    floats = Image.fromarray(np.array([[0.0, 2.0]], dtype=np.float32))
    floats.save(tmp_path / "floats.tiff")
    Image.fromarray(GREY).save(tmp_path / "two.gif", save_all=True, append_images=[Image.fromarray(255 - GREY)])
    for name, message in {
        "cut.png": "is broken and cannot be read",
        "text.jpg": "is no picture",
        "empty.png": "is no picture",
        "absent.png": "does not exist",
        "floats.tiff": "holds numbers from 0 to 2, where 0 to 1 are wanted",
        "two.gif": "holds 2 pictures",
    }.items():
        with pytest.raises(FileError, match=f"{name} {message}"):
            read_pixels(tmp_path / name)


# ---- folders


def test_hidden_files_are_left_out_as_hidden_folders_are(tmp_path):
    folders(tmp_path)
    for place in ("._cat.png", "cat/._p0_0.png", "cat/.thumbs/p0_0.png", "cat/__MACOSX/p9.png", "dog/.DS_Store"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"no picture")
    assert read_images(tmp_path).counts() == {"cat": 2, "dog": 2}
    for file in (tmp_path / "dog").glob("p*.png"):
        file.rename(file.with_name(f".{file.name}"))
    with pytest.raises(FileError, match="dog holds no pictures"):
        read_images(tmp_path)


@pytest.mark.parametrize("size", ["8", 8.0, (8,), (8, 8, 8), True, (8, True), 0, (4, 0), [4, 2.5], -3])
def test_sizes_that_are_none(tmp_path, size):
    with pytest.raises(InputError, match=r"a size is rows and columns, whole numbers .* but it is"):
        read_images(folders(tmp_path), size=size)


def test_sizes_of_any_kind(tmp_path):
    for size in ((3, 4), [3, 4], (np.int64(3), np.int64(4))):
        assert read_images(folders(tmp_path), size=size).inputs.shape == (4, 1, 3, 4)
    assert read_images(tmp_path, size=5).inputs.shape == (4, 1, 5, 5)


def test_a_folder_for_each_class(tmp_path):
    folders(tmp_path)
    (tmp_path / "README.md").write_text("about")
    (tmp_path / ".hidden").mkdir()
    images = read_images(tmp_path, groups=r"(p\d)_", laterality=True)
    assert images.classes == ("cat", "dog")
    assert images.names == ("cat/p0_0.png", "cat/p1_0.png", "dog/p0_1.png", "dog/p1_1.png")
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.groups == ("p0", "p1", "p0", "p1")
    assert images.split is None
    assert images.laterality
    assert images.inputs.shape == (4, 1, 6, 9)
    assert (images.inputs[:, 0, 0, 0] * 255).round().tolist() == [0, 1, 10, 11]


def test_folders_of_a_split(tmp_path):
    folders(tmp_path, ("val/cat", "train/dog", "train/cat", "test/dog"), count=1)
    images = read_images(tmp_path)
    assert images.names == ("train/cat/p0_2.png", "train/dog/p0_1.png", "val/cat/p0_0.png", "test/dog/p0_3.png")
    assert images.split == ("train", "train", "valid", "test")
    assert images.labels.tolist() == [0, 1, 0, 1]


def test_classes_of_numbers_are_sorted_as_numbers_and_may_be_named(tmp_path):
    folders(tmp_path, ("10", "9", "2"), count=1)
    assert read_images(tmp_path).classes == ("2", "9", "10")
    images = read_images(tmp_path, classes=("9", "2", "10", "11"))
    assert images.counts() == {"9": 1, "2": 1, "10": 1, "11": 0}
    with pytest.raises(FileError, match="has the class 10, which is not among the classes 9, 2"):
        read_images(tmp_path, classes=("9", "2"))


def test_sizes_channels_and_progress(tmp_path, capsys):
    root = folders(tmp_path, ("cat",))
    save(np.repeat(np.repeat(COLOURS, 4, 0), 4, 1), root / "dog" / "large.png")
    with pytest.raises(FileError, match=r"cat/p0_0.png has 6 x 9 pixels and dog/large.png 24 x 36; give a size"):
        read_images(root)
    images = read_images(root, size=(6, 9), progress=True)
    assert "reading images" in capsys.readouterr().err
    assert images.inputs.shape == (3, 3, 6, 9)
    assert torch.equal(images.inputs[1, 0], images.inputs[1, 2])
    blurred = images.inputs[2].numpy()[:, 1:-1, 1:-1]  # each pixel of the file's four and a little of its neighbours
    assert np.corrcoef(blurred.ravel(), COLOURS.transpose(2, 0, 1)[:, 1:-1, 1:-1].ravel())[0, 1] > 0.9
    grey = read_images(root, size=4, grey=True)
    assert grey.inputs.shape == (3, 1, 4, 4)
    with pytest.raises(InputError, match="a size is rows and columns"):
        read_images(root, size=0)


def test_scaling_down_takes_every_pixel_into_account(tmp_path):
    stripes = np.zeros((64, 64), np.uint8)
    stripes[::8] = 255  # one row in eight
    save(stripes, tmp_path / "a" / "stripes.png")
    found = read_images(tmp_path, size=8).inputs
    assert found.mean() == pytest.approx(1 / 8, abs=0.02)
    assert found.std() < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "holds no folders; a folder for each class"),
        (lambda root: save(GREY, root / "a.png"), "holds no folders"),
        (lambda root: (root / "cat").mkdir(), "cat holds no pictures"),
        (lambda root: save(GREY, folders(root) / "loose.png"), r"holds pictures \(loose.png\) of no class"),
        (lambda root: folders(root, ("train/a", "b")), "holds folders of a split and also b"),
        (lambda root: folders(root, ("train",)), r"train holds pictures \(p0_0.png\) of no class"),
        (lambda root: (root / "test").mkdir(), "test holds no folders"),
    ],
)
def test_folders_that_are_laid_out_otherwise(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(FileError, match=message):
        read_images(tmp_path)


# ---- tables


@pytest.mark.parametrize(("name", "mark"), [("table.csv", ","), ("table.tsv", "\t")])
def test_a_table(tmp_path, name, mark):
    folders(tmp_path)
    rows = [
        ["Path", "label", "patient", "split", "age"],
        ["dog/p1_1.png", "ill", "x", "val", "3"],
        ["cat/p0_0.png", "healthy", "y", "TRAIN", "4"],
    ]
    (tmp_path / name).write_text("\n".join(mark.join(row) for row in rows) + "\n")
    images = read_images(tmp_path / name)
    assert images.classes == ("healthy", "ill")
    assert images.labels.tolist() == [1, 0]
    assert images.names == ("dog/p1_1.png", "cat/p0_0.png")
    assert images.groups == ("x", "y")
    assert images.split == ("valid", "train")
    assert (images.inputs[:, 0, 0, 0] * 255).round().tolist() == [11, 0]
    with pytest.raises(InputError, match="has a column of groups"):
        read_images(tmp_path / name, groups="(p)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,age\na.png,3",
            r"no column for the label \(named label or class or target\); the columns found are file, age",
        ),
        ("file,label,class\na,b,c", "has 2 columns for the label"),
        ("file,label\n", "a header and nothing below"),
        ("file,label\na.png,b,c", "line 2: 2 columns are wanted, but 3 came"),
        ("file,label\n\na.png,", "line 3: the label is empty"),
        ("file,label,split\na.png,b,later", "line 2: a split is one of train, valid, test, but 'later' came"),
        ('file,label\n"a.png,b', "check the quotes"),
        ("file,label\nabsent.png,b", "absent.png does not exist"),
    ],
)
def test_tables_that_are_wrong(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FileError, match=message):
        read_images(tmp_path / "t.csv")


# ---- arrays


def test_medmnist(tmp_path):
    arrays = {f"{part}_images": NUMBERS.integers(0, 256, (3, 5, 4, 3), dtype=np.uint8) for part in ("test", "train")}
    labels = {f"{part}_labels": np.array([[0], [2], [1]], np.uint8) for part in ("test", "train")}
    np.savez(tmp_path / "a.npz", **arrays, **labels)
    images = read_images(tmp_path / "a.npz", classes=("x", "y", "z"))
    both = np.concatenate([arrays["train_images"], arrays["test_images"]])
    np.testing.assert_allclose(images.inputs.numpy(), both.transpose(0, 3, 1, 2) / 255, atol=1e-7)
    assert images.labels.tolist() == [0, 2, 1, 0, 2, 1]
    assert images.split == ("train",) * 3 + ("test",) * 3
    assert images.names[3] == "test_0"
    assert read_images(tmp_path / "a.npz", size=(10, 8), grey=True).inputs.shape == (6, 1, 10, 8)
    with pytest.raises(FileError, match="class numbers up to 2, but only 2 classes are named"):
        read_images(tmp_path / "a.npz", classes=("x", "y"))


IMAGES, ONE = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 1), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": IMAGES}, "holds a, where train_images"),
        ({"train_images": IMAGES}, "one class number is wanted for each of 2 train images, but none came"),
        ({"train_images": IMAGES, "train_labels": np.zeros((2, 14), np.uint8)}, r"but uint8 \(2, 14\) came"),
        ({"train_images": IMAGES * 0.5, "train_labels": ONE}, "train_images must be bytes"),
        (
            {"train_images": IMAGES, "train_labels": ONE, "test_images": IMAGES[:, 1:], "test_labels": ONE},
            "images of different sizes",
        ),
        ({"train_images": np.array([None]), "train_labels": ONE}, "cannot be read as .npz"),
    ],
)
def test_npz_that_is_otherwise(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(FileError, match=message):
        read_images(tmp_path / "a.npz")


def test_idx(tmp_path):
    pixels = NUMBERS.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    idx(path, pixels)
    with pytest.raises(FileError, match=r"images without labels; give it with t10k-labels-idx1-ubyte.gz beside it"):
        read_images(path)
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.array([3, 1, 0, 0, 2], np.uint8))
    images = read_images(path)
    np.testing.assert_allclose(images.inputs[:, 0].numpy(), pixels / 255, atol=1e-7)
    assert images.labels.tolist() == [3, 1, 0, 0, 2]
    assert images.classes == ("0", "1", "2", "3")
    assert images.names[0] == "t10k_0"
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.array([3, 1, 0, 0], np.uint8))
    with pytest.raises(FileError, match="do not fit"):
        read_images(path)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    with pytest.raises(FileError, match="no whole IDX file"):
        read_images(path)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_images(tmp_path / "absent")
    with pytest.raises(FileError, match=r"a\.png is one picture; give the folder"):
        read_images(save(GREY, tmp_path / "a.png"))


# ---- DICOM


def write_dicom(path, stored, **fields):
    dataset = pytest.importorskip("pydicom.dataset")
    uid = pytest.importorskip("pydicom.uid")
    meta = dataset.FileMetaDataset()
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = uid.ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    data = dataset.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    data.Rows, data.Columns = stored.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelRepresentation = int(stored.dtype.kind == "i")
    for name, value in fields.items():
        setattr(data, name, value)
    data.PixelData = stored.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


def test_dicom_by_its_window_rescaled_and_upright(tmp_path):
    stored = NUMBERS.integers(0, 4096, (6, 9)).astype(np.uint16)
    found = read_pixels(write_dicom(tmp_path / "a.dcm", stored))
    np.testing.assert_allclose(found[0], stored / 4095, atol=1e-6)
    inverted = read_pixels(write_dicom(tmp_path / "b.dcm", stored, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(inverted[0], 1 - stored / 4095, atol=1e-6)
    rescaled = {"RescaleSlope": 2, "RescaleIntercept": -1000}
    found = read_pixels(write_dicom(tmp_path / "c.dcm", stored, **rescaled))
    np.testing.assert_allclose(found[0], stored / 4095, atol=1e-6)
    window = {"WindowCenter": [400, 1], "WindowWidth": [2000, 1]}
    found = read_pixels(write_dicom(tmp_path / "d.dcm", stored, **rescaled, **window))
    values = stored * 2.0 - 1000
    np.testing.assert_allclose(found[0], np.clip((values - 399.5) / 1999 + 0.5, 0, 1), atol=1e-6)
    exact = write_dicom(tmp_path / "e.dcm", stored, WindowCenter=2000, WindowWidth=1000, VOILUTFunction="LINEAR_EXACT")
    np.testing.assert_allclose(read_pixels(exact)[0], np.clip((stored - 2000.0) / 1000 + 0.5, 0, 1), atol=1e-6)
    smooth = write_dicom(tmp_path / "f.dcm", stored, WindowCenter=2000, WindowWidth=1000, VOILUTFunction="SIGMOID")
    np.testing.assert_allclose(read_pixels(smooth)[0], 1 / (1 + np.exp(-4 * (stored - 2000.0) / 1000)), atol=1e-6)
    signed = (stored.astype(np.int16) - 2048).astype(np.int16)
    np.testing.assert_allclose(read_pixels(write_dicom(tmp_path / "g.dcm", signed))[0], stored / 4095, atol=1e-6)


def test_broken_dicom(tmp_path):
    pytest.importorskip("pydicom")
    (tmp_path / "a.dcm").write_text("nothing")
    with pytest.raises(FileError, match=r"a\.dcm is named like DICOM but is none"):
        read_pixels(tmp_path / "a.dcm")
    with pytest.raises(FileError, match=r"b\.dcm does not exist"):
        read_pixels(tmp_path / "b.dcm")
    whole = write_dicom(tmp_path / "c.dcm", np.zeros((6, 9), np.uint16)).read_bytes()
    (tmp_path / "c.dcm").write_bytes(whole[:-40])
    with pytest.raises(FileError, match=r"c\.dcm: its picture cannot be read"):
        read_pixels(tmp_path / "c.dcm")


def test_without_pydicom_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    (tmp_path / "a.dcm").write_text("")
    with pytest.raises(FileError, match=r"a\.dcm is DICOM, which pydicom 3 or newer reads; install it"):
        read_pixels(tmp_path / "a.dcm")


# ---- real data


@pytest.mark.real_data
def test_mnist_and_medmnist(shared_data):
    digits = read_images(shared_data("mnist_t10k/t10k-images-idx3-ubyte.gz"))
    assert digits.inputs.shape == (10_000, 1, 28, 28)
    assert list(digits.counts().values()) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    retinas = read_images(shared_data("retinamnist/retinamnist.npz"))
    assert retinas.inputs.shape == (1600, 3, 28, 28)
    assert list(retinas.part("train").counts().values()) == [486, 128, 206, 194, 66]
    chests = read_images(shared_data("pneumoniamnist/pneumoniamnist.npz"), classes=("normal", "pneumonia"))
    assert [chests.part(part).counts()["normal"] for part in ("train", "valid", "test")] == [388, 135, 234]
