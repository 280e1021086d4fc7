#!/usr/bin/env python3
"""Times a training step of LEAN in TensorFlow: the same network, batch, loss and optimiser as `earmark bench training`.

    keras_lean.py [--batch 64] [--threads 2] [--classes 200] [--repeats 12]        (pip install tensorflow)

Prints {"tensorflow", "ms_per_chunk"}: the median of the steps after the first ones. Batch normalisation is folded into the
convolutions, as in the network that Earmark trains; data are held in memory.
"""
import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def build(tf, classes):
    L = tf.keras.layers
    relu6 = tf.nn.relu6
    mel, wave = tf.keras.Input((96, 64, 1)), tf.keras.Input((16000,))
    x = L.Conv2D(32, 3, strides=2, padding="same", activation=relu6)(mel)
    for channels, stride in BLOCKS:
        x = L.DepthwiseConv2D(3, strides=stride, padding="same", activation=relu6)(x)
        x = L.Conv2D(channels, 1, activation=relu6)(x)
    query = L.Dense(256, activation="relu")(L.GlobalAveragePooling2D()(x))
    steps = L.Reshape((40, 400))(wave)
    for _ in range(2):
        steps = L.Bidirectional(L.LSTM(128, return_sequences=True))(steps)
    scores = L.Dot(axes=(2, 1))([steps, query])
    weights = L.Softmax()(L.Rescaling(1 / 16)(scores))
    context = L.Dot(axes=(1, 1))([weights, steps])
    return tf.keras.Model([mel, wave], L.Dense(classes, activation="sigmoid")(L.Concatenate()([query, context])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--classes", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=12)
    a = parser.parse_args()
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(a.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = build(tf, a.classes)
    assert model.count_params() == 4_496_392 or a.classes != 200, model.count_params()
    optimizer, loss = tf.keras.optimizers.Adam(1e-4), tf.keras.losses.BinaryCrossentropy()

    @tf.function
    def step(mel, wave, truth):
        with tf.GradientTape() as tape:
            value = loss(truth, model([mel, wave], training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
        return value

    random = np.random.default_rng(1)
    mel = tf.constant(random.uniform(-1, 1, (a.batch, 96, 64, 1)), tf.float32)
    wave = tf.constant(random.uniform(-1, 1, (a.batch, 16000)), tf.float32)
    truth = tf.constant(np.eye(a.classes)[np.arange(a.batch) % a.classes], tf.float32)
    times = []
    for _ in range(a.repeats + 2):
        start = time.perf_counter()
        step(mel, wave, truth).numpy()
        times.append(time.perf_counter() - start)
    print(json.dumps({"tensorflow": tf.__version__, "threads": a.threads, "batch": a.batch,
                      "ms_per_chunk": round(statistics.median(times[2:]) / a.batch * 1e3, 4)}))


if __name__ == "__main__":
    main()
