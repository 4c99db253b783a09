# A package: it prints what builds print, takes `pace` seconds, and has a size, so that progress and diffs have something
# to show. `derive` is what everything else here is made with.
{ system, pace }:
rec {
  derive = attributes: derivation ({
    inherit system;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin:/run/current-system/sw/bin";
  } // attributes);

  # The size is in KiB.
  versioned = name: { version, size }: derive {
    name = "${name}-${version}";
    inherit version size pace;
    pname = name;
    args = [ "-eu" (builtins.path { path = ./build-package; name = "build-package"; }) ];
  };

  all = packages: builtins.mapAttrs versioned packages;
}
