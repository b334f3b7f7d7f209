import Glibc

/// Counts the calls of `malloc` and `posix_memalign` on one thread, from all modules of the process.
///
/// The linker does not let an executable stand before the C library here, and the Swift runtime's own hook changes how
/// it counts references, so the counting function is written into the tables through which modules call them.
enum AllocationCounter {
  /// How often `body` allocates on the calling thread.
  ///
  /// Other threads are not counted, since other tests run on them. One thread's share is enough: every thread of a
  /// pool runs the same code on its pieces.
  static func count(_ body: () -> Void) -> Int {
    _ = isInstalled
    watchedCount = 0
    watchedThread = UInt(pthread_self())
    body()
    watchedThread = 0
    return watchedCount
  }

  private static let isInstalled: Bool = {
    libraryMalloc = unsafeBitCast(dlsym(nil, "malloc"), to: Malloc?.self)
    libraryAligned = unsafeBitCast(dlsym(nil, "posix_memalign"), to: Aligned?.self)
    let malloc: Malloc = { size in
      countIfWatched()
      return libraryMalloc?(size)
    }
    let aligned: Aligned = { result, alignment, size in
      countIfWatched()
      return libraryAligned?(result, alignment, size) ?? ENOMEM
    }
    var module = dlopen(nil, RTLD_NOW).map { LoadedModule(entry: UnsafeRawPointer($0)) }
    while let current = module {
      current.redirect("malloc", to: unsafeBitCast(malloc, to: UInt.self))
      current.redirect("posix_memalign", to: unsafeBitCast(aligned, to: UInt.self))
      module = current.next
    }
    return true
  }()
}

private typealias Malloc = @convention(c) (Int) -> UnsafeMutableRawPointer?
private typealias Aligned = @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Int32

private func countIfWatched() {
  if watchedThread != 0, watchedThread == UInt(pthread_self()) { watchedCount += 1 }
}

/// Written by the test that counts; every other thread only compares them with its own number, which they never hold.
nonisolated(unsafe) private var watchedThread: UInt = 0
nonisolated(unsafe) private var watchedCount = 0
nonisolated(unsafe) private var libraryMalloc: Malloc?
nonisolated(unsafe) private var libraryAligned: Aligned?

/// An executable or shared library in memory: the dynamic loader's `link_map`, and the ELF-64 tables that it points to.
private struct LoadedModule {
  let entry: UnsafeRawPointer

  private var base: UInt { entry.load(as: UInt.self) }

  private var name: String {
    entry.load(fromByteOffset: 8, as: UnsafePointer<CChar>?.self).map { String(cString: $0) } ?? ""
  }

  var next: LoadedModule? {
    entry.load(fromByteOffset: 24, as: UnsafeRawPointer?.self).map { LoadedModule(entry: $0) }
  }

  /// The dynamic section's values by tag.
  private var tags: [Int: UInt] {
    guard var at = entry.load(fromByteOffset: 16, as: UnsafeRawPointer?.self) else { return [:] }
    var tags: [Int: UInt] = [:]
    while case let tag = at.load(as: Int.self), tag != 0 {
      tags[tag] = at.load(fromByteOffset: 8, as: UInt.self)
      at += 16
    }
    return tags
  }

  /// Makes the module call `function` where it calls `symbol`.
  func redirect(_ symbol: String, to function: UInt) {
    // The kernel's own module calls nobody, and its addresses are not relocated.
    let tags = name.contains("vdso") ? [:] : tags
    guard let strings = tags[5].flatMap({ UnsafePointer<CChar>(bitPattern: $0) }),
      let symbols = tags[6].flatMap({ UnsafeRawPointer(bitPattern: $0) })
    else { return }
    // Relocations of calls (DT_JMPREL, DT_PLTRELSZ) and of addresses (DT_RELA, DT_RELASZ), 24 bytes each.
    for (start, size) in [(tags[23], tags[2]), (tags[7], tags[8])] {
      guard let table = start.flatMap({ UnsafeRawPointer(bitPattern: $0) }), let size else { continue }
      for offset in stride(from: 0, to: Int(size), by: 24) {
        let info = table.load(fromByteOffset: offset + 8, as: UInt.self)
        // R_X86_64_GLOB_DAT and R_X86_64_JUMP_SLOT.
        guard [6, 7].contains(info & 0xffff_ffff) else { continue }
        let name = symbols.load(fromByteOffset: Int(info >> 32) * 24, as: UInt32.self)
        guard strcmp(strings + Int(name), symbol) == 0 else { continue }
        write(function, to: base + table.load(fromByteOffset: offset, as: UInt.self))
      }
    }
  }

  private func write(_ value: UInt, to address: UInt) {
    guard let slot = UnsafeMutablePointer<UInt>(bitPattern: address),
      let page = UnsafeMutableRawPointer(bitPattern: address & ~4095)
    else { return }
    mprotect(page, 4096, PROT_READ | PROT_WRITE)
    slot.pointee = value
  }
}
