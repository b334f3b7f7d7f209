import CKernels

/// A run of rows (pixels) of the whole batch.
typealias Rows = Range<Int>

extension PlanValue {
  func data(in memory: PlanMemory) -> UnsafePointer<Float> { external ?? UnsafePointer(memory.pointer(data)) }

  var view: qn_view {
    qn_view(
      scale: normalisation.map { UnsafePointer($0.scale) },
      shift: normalisation.map { UnsafePointer($0.shift) },
      activation: activation)
  }

  /// The gradient of a stored value, as it is to be read from row `row` on, at most to the end of the image.
  func gradientView(_ row: Int, in memory: PlanMemory) -> qn_gradient_view {
    let offset = row * channels
    var view = qn_gradient_view()
    view.gradient = UnsafePointer(memory.pointer(gradient) + offset)
    guard let through = gradientNormalisation else { return view }
    view.x = data(in: memory) + offset
    (view.slope, view.tilt) = (UnsafePointer(through.slope), UnsafePointer(through.tilt))
    view.offset = UnsafePointer(through.offset)
    gatedGradient?.finish(&view, image: row / pixels)
    return view
  }

  /// The gradient of rows of a stored value, in `scratch` where it has to be computed.
  func readGradient(
    _ rows: Rows, _ lane: Lane, in memory: PlanMemory, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard gradientNormalisation != nil else {
      return UnsafePointer(memory.pointer(gradient) + rows.lowerBound * channels)
    }
    guard gatedGradient != nil else {
      var view = gradientView(rows.lowerBound, in: memory)
      lane.kernels.load_gradient(rows.count, channels, &view, scratch)
      return UnsafePointer(scratch)
    }
    forEachImage(rows) { _, part in
      var view = gradientView(part.lowerBound, in: memory)
      lane.kernels.load_gradient(
        part.count, channels, &view, scratch + (part.lowerBound - rows.lowerBound) * channels)
    }
    return UnsafePointer(scratch)
  }

  /// Calls `body` with the parts of `rows` that lie in one image each.
  func forEachImage(_ rows: Rows, _ body: (_ image: Int, _ part: Rows) -> Void) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let image = row / pixels
      let end = min(rows.upperBound, (image + 1) * pixels)
      body(image, row..<end)
      row = end
    }
  }
}

extension Operand {
  /// Rows of the value, in `scratch` where they have to be computed.
  func read(
    _ rows: Rows, _ lane: Lane, in memory: PlanMemory, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    let source = value.stored.data(in: memory) + rows.lowerBound * value.channels
    if value.isStored { return source }
    var view = (value.gated ?? value).view
    if let gate = value.gate {
      let gates = gate.data(in: memory)
      value.forEachImage(rows) { image, part in
        let offset = (part.lowerBound - rows.lowerBound) * value.channels
        lane.kernels.load(
          part.count, value.channels, source + offset, &view, gates + image * value.channels, scratch + offset
        )
      }
    } else {
      lane.kernels.load(rows.count, value.channels, source, &view, nil, scratch)
    }
    return UnsafePointer(scratch)
  }

  /// Where the gradient of rows goes. Only for values that are not gated.
  func sink(_ row: Int, _ chunk: Int, in memory: PlanMemory) -> qn_gradient_sink {
    let offset = row * value.channels
    let through = isLast && value.base != nil ? value : nil
    let sums = through?.normalisation.flatMap { $0.isConstant ? nil : $0.backwardMoments(chunk) }
    return qn_gradient_sink(
      x: through == nil ? nil : value.stored.data(in: memory) + offset,
      view: through?.view ?? qn_view(scale: nil, shift: nil, activation: qn_identity),
      accumulate: isFirst ? 0 : 1,
      moments: sums ?? qn_moments(), gradient: memory.pointer(value.stored.gradient) + offset)
  }

  /// Where the gradient may be written or added directly, because nothing has to be done to it; else `nil`.
  func plainGradient(_ row: Int, in memory: PlanMemory) -> qn_gradient_sink? {
    guard value.gated == nil, !isLast || value.base == nil else { return nil }
    return sink(row, 0, in: memory)
  }

  /// Gives the gradient of rows; `source` holds as many rows.
  func give(_ rows: Rows, _ source: UnsafePointer<Float>, _ lane: Lane, in memory: PlanMemory) {
    guard value.needsGradient else { return }
    guard let gated, let gate else {
      var sink = sink(rows.lowerBound, lane.chunk, in: memory)
      lane.kernels.give(rows.count, value.channels, source, nil, nil, &sink)
      return
    }
    value.forEachImage(rows) { image, part in
      let offset = (part.lowerBound - rows.lowerBound) * value.channels
      Self.give(gated, gate, image, part, source + offset, lane, in: memory)
    }
  }

  /// The gradient of a product: the gate's share is a sum over the image, the factor's share is scaled by the gate.
  private static func give(
    _ gated: Operand, _ gate: Operand, _ image: Int, _ part: Rows, _ source: UnsafePointer<Float>,
    _ lane: Lane,
    in memory: PlanMemory
  ) {
    let channels = gated.value.channels
    if let unfinished = gated.value.stored.gatedGradient {
      return unfinished.give(image: image, part, source, lane)
    }
    if gate.value.needsGradient {
      let sum = memory.pointer(gate.value.gradient) + image * channels
      if part.lowerBound == image * gated.value.pixels { sum.update(repeating: 0, count: channels) }
      var view = gated.value.view
      let x = gated.value.stored.data(in: memory) + part.lowerBound * channels
      lane.kernels.gate_gradient(part.count, channels, x, &view, source, sum)
    }
    guard gated.value.needsGradient else { return }
    var sink = gated.sink(part.lowerBound, lane.chunk, in: memory)
    let factor = gate.value.data(in: memory) + image * channels
    lane.kernels.give(part.count, channels, source, factor, nil, &sink)
  }

  /// Gives every pixel of an image the same gradient, `[channels]`. Not for gated values.
  func giveConstant(image: Int, _ constant: UnsafePointer<Float>, _ lane: Lane, in memory: PlanMemory) {
    guard value.needsGradient else { return }
    if let unfinished = value.stored.gatedGradient {
      return unfinished.giveConstant(image: image, constant, lane)
    }
    var sink = sink(image * value.pixels, lane.chunk, in: memory)
    lane.kernels.give(value.pixels, value.channels, nil, nil, constant, &sink)
  }
}
