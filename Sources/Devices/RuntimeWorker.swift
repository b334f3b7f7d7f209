/// The Python program that times an ONNX file in another runtime. It answers a line of JSON with a line of JSON, so that
/// this side decides how often to run and when to calibrate.
///
///     {}                                           → {"version": "1.23.2"}
///     {"load": "/tmp/a/network.onnx", "shapes": {"image": [1, 3, 32, 32]}}   → {"loaded": true}
///     {"milliseconds": 10, "at_most": 100, "processor": 1}   → {"milliseconds": [1.02, 1.01, …]}
///     {"profile": 20}            → {"operators": [{"name": "stem.conv_nchwc", "milliseconds": 0.4}, …]} as they ran
///
/// Any answer may be `{"error": "…", "passing": false}` instead.
enum RuntimeWorker {
  static let program = #"""
    import json, os, shutil, signal, sys, tempfile, time

    # Ctrl-C is meant for the program that asks, whose end is the end of the questions.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runtime, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    # What libraries print must not get between the answers.
    os.dup2(2, 1)
    processors = []
    if hasattr(os, "sched_getaffinity"):
        # Those of the program that asks: its thread that started this one may be kept on a single processor.
        processors = sorted(os.sched_getaffinity(os.getppid()))
        os.sched_setaffinity(0, processors)
    place = None

    def move(processor):
        global place
        if processor is None or processor == place or not processors:
            return
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), {processors[processor % len(processors)]})
        place = processor
        run()

    def answer(**fields):
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import numpy
        if runtime == "onnxruntime":
            import onnxruntime as library
        else:
            import openvino as library
    except ImportError as error:
        answer(missing=str(error.name or error), python=sys.executable)
        sys.exit(0)
    # Only now: OpenVINO moves every run back to where it was allowed to be when it was imported.
    if processors:
        os.sched_setaffinity(0, processors[:threads])

    def values(shape):
        # Pixels for images, zeros for anything else, as for the inference core.
        random = numpy.random.default_rng(0)
        pixels = random.integers(0, 256, shape) if len(shape) == 4 else numpy.zeros(shape)
        return pixels.astype(numpy.float32)

    def onnxruntime_session(path, shapes, profile=None):
        options = library.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if threads > 1 and processors:
            # Counted from 1; the calling thread is not among them.
            places = ";".join(str(processor + 1) for processor in processors[1:threads])
            options.add_session_config_entry("session.intra_op_thread_affinities", places)
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        session = library.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        inputs = {name: values(shape) for name, shape in shapes.items()}
        return session, lambda: session.run(None, inputs)

    def openvino_request(path, shapes, profile=False):
        core = library.Core()
        network = core.read_model(path)
        network.reshape(shapes)
        # Otherwise networks of FP32 run in BF16 where the processor has it.
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_PRECISION_HINT": "f32", "PERF_COUNT": profile}
        if threads == 1:
            # Otherwise every run moves the calling thread back to the processor that it was compiled on.
            settings["ENABLE_CPU_PINNING"] = False
        request = core.compile_model(network, "CPU", settings).create_infer_request()
        for name, shape in shapes.items():
            request.set_tensor(name, library.Tensor(values(shape), shared_memory=False))
        return request

    def load(path, shapes):
        return onnxruntime_session(path, shapes)[1] if runtime == "onnxruntime" else openvino_request(path, shapes).infer

    def profile_onnxruntime(path, shapes, runs):
        with tempfile.TemporaryDirectory() as folder:
            session, run = onnxruntime_session(path, shapes, os.path.join(folder, "profile"))
            for _ in range(runs + 1):
                run()
            with open(session.end_profiling()) as file:
                events = [event for event in json.load(file) if event.get("cat") == "Node"]
        times = {}
        for event in events:
            name = event["name"].removesuffix("_kernel_time")
            times.setdefault(name, []).append(event["dur"] / 1e3)
        return times

    def profile_openvino(path, shapes, runs):
        request, times = openvino_request(path, shapes, profile=True), {}
        for _ in range(runs + 1):
            request.infer()
            for layer in request.get_profiling_info():
                times.setdefault(layer.node_name, []).append(1e3 * layer.real_time.total_seconds())
        return times

    def profile(path, shapes, runs):
        times = (profile_onnxruntime if runtime == "onnxruntime" else profile_openvino)(path, shapes, runs)
        # The first run warms up. Clocks that tick in microseconds need a mean; a third at either end may be disturbed.
        middle = lambda values: sorted(values)[len(values) // 3 : len(values) - len(values) // 3]
        mean = lambda values: float(numpy.mean(middle(values[1:])))
        return [{"name": name, "milliseconds": mean(values)} for name, values in times.items()]

    run = network = None
    for line in sys.stdin:
        try:
            question = json.loads(line)
            if "load" in question:
                network, run = (question["load"], question["shapes"]), None
                run = load(*network)
                if runtime == "onnxruntime" and threads > 1 and processors:
                    # OpenVINO finds places for its threads by itself.
                    os.sched_setaffinity(0, processors[:1])
                answer(loaded=True)
            elif "profile" in question:
                answer(operators=profile(*network, question["profile"]))
            elif "milliseconds" in question:
                move(question.get("processor"))
                times, end = [], time.perf_counter() + question["milliseconds"] / 1e3
                while not times or (time.perf_counter() < end and len(times) < question["at_most"]):
                    start = time.perf_counter_ns()
                    run()
                    times.append((time.perf_counter_ns() - start) / 1e6)
                answer(milliseconds=times)
            else:
                answer(version=library.__version__)
        except Exception as error:
            # Memory and disks may suffice another time.
            passing = isinstance(error, (MemoryError, OSError))
            answer(error=f"{type(error).__name__}: {str(error)[:500]}", passing=passing)
    # Who asked is gone, perhaps before it could tidy up.
    if network:
        shutil.rmtree(os.path.dirname(network[0]), ignore_errors=True)
    # OpenVINO was seen to wait for ever while it was taken down.
    os._exit(0)
    """#
}
