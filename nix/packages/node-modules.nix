# node_modules from package-lock.json alone: every package fetched by the integrity hash that the lock holds, unpacked where
# the lock says. No install script runs, so there is no second hash to keep and nothing a package could do.
{
  lib,
  stdenvNoCC,
  nodejs,
  cacert,
  src,
}:
let
  inherit (lib) hasPrefix;
  lock = builtins.fromJSON (builtins.readFile (src + "/package-lock.json"));

  # "node_modules/a/node_modules/@b/c" → "@b/c"
  nameOf = path: lib.last (lib.splitString "node_modules/" path);

  os = if stdenvNoCC.hostPlatform.isDarwin then "darwin" else "linux";
  cpu = if stdenvNoCC.hostPlatform.isAarch64 then "arm64" else "x64";
  libc = if stdenvNoCC.hostPlatform.isMusl then "musl" else "glibc";
  # npm writes one name or a list of them; none means all.
  fits = here: allowed: allowed == null || lib.elem here (lib.toList allowed);
  isHere = module: fits os (module.os or null) && fits cpu (module.cpu or null) && (os != "linux" || fits libc (module.libc or null));

  # To bundle it takes the programs' own packages and esbuild; the other development tools are large, and Node is nixpkgs'.
  isNeeded = name: module:
    if hasPrefix "node-linux-" name || hasPrefix "node-bin-" name then false
    else if name == "esbuild" || hasPrefix "@esbuild/" name then true
    else !(module.dev or false);

  isFetched = path: module:
    hasPrefix "node_modules/" path && module ? integrity && isHere module && isNeeded (nameOf path) module;

  fetched = lib.filterAttrs isFetched lock.packages;
  workspaces = lib.filterAttrs (path: module: hasPrefix "node_modules/" path && module.link or false) lock.packages;

  # The lock names no registry (see .npmrc), so npm itself fetches, from the one it knows; the tarball must be, bit for bit,
  # the one the lock has the hash of.
  tarball = path: module:
    stdenvNoCC.mkDerivation {
      name = "${baseNameOf (nameOf path)}-${module.version}.tgz";
      spec = "${nameOf path}@${module.version}";
      outputHashMode = "flat";
      outputHash = module.integrity;
      nativeBuildInputs = [ nodejs cacert ];
      impureEnvVars = lib.fetchers.proxyImpureEnvVars;
      SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
      buildCommand = ''
        export HOME="$TMPDIR"
        npm pack --silent --ignore-scripts "$spec"
        mv ./*.tgz "$out"
      '';
    };

  unpack = path: module: ''
    mkdir -p "$out/${path}"
    tar -xzf ${tarball path module} -C "$out/${path}" --strip-components=1 --no-same-owner
  '';
in
stdenvNoCC.mkDerivation {
  name = "nixfleet-node-modules";
  dontUnpack = true;
  dontFixup = true;
  installPhase = lib.concatStrings (lib.mapAttrsToList unpack fetched) + ''
    chmod -R u+w "$out"
  '';
  passthru = {
    # For nix/tests: what is fetched, and which names lead into this repository.
    modules = lib.mapAttrs (path: module: (tarball path module)) fetched;
    workspaces = lib.mapAttrs (_: module: module.resolved) workspaces;
  };
}
