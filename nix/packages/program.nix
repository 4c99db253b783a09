# One program of ours: its esbuild bundle, run by nixpkgs' Node.
{
  lib,
  stdenv,
  makeWrapper,
  nodejs,
  nodeModules,
  src,
  # The folder in apps/, and the name of the command.
  app,
  command,
  description,
  # Programs that are there when the caller's PATH has no other.
  tools ? [ ],
}:
stdenv.mkDerivation {
  pname = command;
  inherit (builtins.fromJSON (builtins.readFile (src + "/apps/${app}/package.json"))) version;
  inherit src;
  nativeBuildInputs = [ makeWrapper nodejs ];

  # Workspaces are links into this source, so the tree of packages is copied beside it.
  configurePhase = ''
    runHook preConfigure
    cp -r --no-preserve=ownership ${nodeModules}/node_modules .
    chmod -R u+w node_modules
    ${lib.concatStrings (
      lib.mapAttrsToList (path: target: ''
        mkdir -p "$(dirname ${path})"
        ln -s "$PWD/${target}" ${path}
      '') nodeModules.passthru.workspaces
    )}
    runHook postConfigure
  '';

  buildPhase = ''
    runHook preBuild
    node tools/bundle.ts
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p "$out/lib" "$out/bin"
    cp -r dist/${app} "$out/lib/${command}"
    makeWrapper ${lib.getExe nodejs} "$out/bin/${command}" \
      --add-flags "$out/lib/${command}/src/main.js" ${
        lib.optionalString (tools != [ ]) "--suffix PATH : ${lib.makeBinPath tools}"
      }
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    "$out/bin/${command}" --version
  '';

  meta = {
    inherit description;
    license = lib.licenses.agpl3Plus;
    mainProgram = command;
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
}
