"""The warning for saving a model that Keras cannot load: one that holds a layer in two places."""

import warnings

import keras


def warn_of_shared(owner: keras.layers.Layer, config: dict, parts: list):
    """Warn if a layer in this config is also saved elsewhere in the same file.

    Keras marks such a part with a `shared_object_id` while it saves a model. It writes the weights of the
    part once, and loads two parts.

    Args:
        owner: the layer being saved.
        config: what its `get_config` is about to return.
        parts: the layers inside it, at any depth.
    """
    weighty = {part.name for part in parts if getattr(part, "weights", None)}
    for name in sorted(weighty & set(_marked(config))):
        warnings.warn(
            f"The layer {name!r} of {owner.name!r} stands elsewhere in this model too. Keras writes its "
            "weights once, and will not load the file that is being saved. Save the weights, "
            "model.save_weights(path), and load them into the model that the same program builds: "
            "model.load_weights(path).",
            stacklevel=2,
        )


def _marked(config):
    # The names of the marked layers; a layer of this project warns for its own parts.
    if isinstance(config, (list, tuple)):
        for part in config:
            yield from _marked(part)
    if not isinstance(config, dict):
        return
    inner = config.get("config")
    if isinstance(inner, dict) and "name" in inner and "shared_object_id" in config:
        yield inner["name"]
        return
    if not str(config.get("registered_name")).startswith("rshop>"):
        for part in config.values():
            yield from _marked(part)
