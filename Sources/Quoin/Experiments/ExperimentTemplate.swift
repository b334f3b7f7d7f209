/// Commented experiment files to start from.
public enum ExperimentTemplate {
  /// An experiment on a data set of the catalogue with the space file `space`, beside it.
  ///
  /// - Parameters:
  ///   - validation: How many training images are held out for choosing.
  ///   - flip: Whether mirrored images are still of their class.
  public static func text(name: String, space: String, data: String, validation: Int, flip: Bool) -> String {
    """
    # What `quoin search` does: which networks on which images, for which device and latency. Paths are relative to this
    # file. Only version, name, space and data are needed; the other values are the defaults or close to them.

    version: 1                     # of the format
    name: \(name)
    space: \(space)
    seed: 1                        # of every random decision

    data:
      name: \(data)                 # glyphs (built in), mnist, fashion-mnist, cifar10, or folder: your own images
      # folder: ../images          # where the files are; `quoin data fetch` knows where it put them
      validation: \(validation)              # training images held out to choose among candidates

    # cpu-1t, cpu-2t, …: this machine's inference core with so many threads; cpu-1t-avx2 with the kernels of another level.
    # formula: a made-up device without noise.
    device: cpu-1t

    # Either milliseconds: [1.5, 3], or fractions of the way from the fastest to the slowest network of the space. A
    # winner's measured median latency keeps its budget.
    budgets: {fractions: [0.15, 0.4]}

    training:                      # of the supernet, by the sandwich rule
      epochs: 12
      batch: 128
      random_networks: 2           # of a step, beside the largest and the smallest
      learning_rate: 0.4           # the largest, of a cosine schedule
      flip: \(flip)                  # whether half of the images are mirrored
      crop: \(flip ? 4 : 2)                      # images are shifted by up to so many pixels

    latency:
      networks: 60                 # random networks that are measured to fit the latency predictor
      held_out: 20                 # more of them, to say how wrong it is

    search:
      evaluations: 64              # architectures that are validated for each budget
      selection_pool: 12           # solutions of block selection that are tried first
      population: 24               # the first generation: these, and random architectures
      children: 8                  # in every later generation of the evolution
      measured: 4                  # of the best candidates that are measured at least
      margin: 0.02                 # a measurement stays below the budget by this share

    """
  }
}
