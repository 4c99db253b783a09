# Everything the tests look at, as one set: our modules and packages evaluated with the stand-in library (lib.nix says what
# that proves and what not).
let
  lib = import ./lib.nix;

  package = name: { outPath = "/nix/store/00000000000000000000000000000000-${name}"; meta.mainProgram = name; };
  self.packages = lib.genAttrs [ "x86_64-linux" "aarch64-darwin" ] (_:
    lib.genAttrs [ "nixfleet-agent" "nixfleet-control" ] package);
  pkgsFor = system: {
    stdenv.hostPlatform = {
      inherit system;
      isLinux = lib.hasPrefix "x86_64-linux" system;
      isDarwin = lib.hasPrefix "aarch64-darwin" system;
    };
    formats.toml = _: { generate = name: settings: { inherit name settings; }; };
    gitMinimal = "/git";
    openssh = "/openssh";
  };

  nixosBase = { nix.package = "/nix"; systemd.package = "/systemd"; };
  homeBase = {
    xdg = { configHome = "/home/anna/.config"; stateHome = "/home/anna/.local/state"; };
    home = { profileDirectory = "/home/anna/.nix-profile"; homeDirectory = "/home/anna"; };
  };

  evaluate = file: system: base: user: lib.evalModule {
    module = import file self;
    args.pkgs = pkgsFor system;
    inherit base user;
  };
  nixos = service: evaluate ../modules/nixos-agent.nix "x86_64-linux" nixosBase { services.nixfleet-agent = service; };
  home = system: service: evaluate ../modules/home-manager-agent.nix system homeBase { services.nixfleet-agent = service; };
  darwin = service: evaluate ../modules/darwin-agent.nix "aarch64-darwin" { } { services.nixfleet-agent = service; };
  control = service: evaluate ../modules/nixos-control.nix "x86_64-linux" nixosBase { services.nixfleet = service; };

  # As mission 002's README writes it.
  asInV1 = {
    enable = true;
    url = "https://fleet.example.com";
    tokenFile = "/run/agenix/nixfleet-token";
    configRepo = "/home/admin/Code/nixcfg";
    location = "cloud";
    deviceType = "server";
  };
  everything = asInV1 // {
    configRepo = "https://git.example.com/fleet.git";
    interval = 60;
    themeColor = "#ff0000";
    trustedSigners = "/etc/allowed-signers";
    requireTests = true;
    confirmWindow = 300;
    extraSettings = { criticality = "high"; };
  };

  refuses = evaluation: !(builtins.tryEval (builtins.deepSeq evaluation true)).success;
  optionsOf = file: lib.describeOptions ((import file self) {
    inherit lib;
    config = { };
    pkgs = pkgsFor "x86_64-linux";
  }).options.services.nixfleet-agent;
  failed = config: map (a: a.message) (builtins.filter (a: !a.assertion) config.assertions);

  nodeModulesFor = platform: import ../packages/node-modules.nix {
    inherit lib;
    src = ../..;
    nodejs = "/nodejs";
    cacert = "/cacert";
    stdenvNoCC = {
      mkDerivation = it: it // { outPath = "/made/${it.name}"; };
      hostPlatform = { isDarwin = false; isAarch64 = false; isMusl = false; } // platform;
    };
  };
in
{
  nixosOptions = optionsOf ../modules/nixos-agent.nix;
  homeOptions = optionsOf ../modules/home-manager-agent.nix;

  nixosV1 = nixos (asInV1 // { user = "admin"; });
  nixosEverything = nixos everything;
  nixosDisabled = nixos (asInV1 // { enable = false; });
  homeLinux = home "x86_64-linux" asInV1;
  homeDarwin = home "aarch64-darwin" asInV1;
  homeDarwinOther = home "aarch64-darwin" (everything // { package = package "nixfleet-agent-2"; });
  darwin = darwin (everything // { user = "anna"; });

  refused = {
    location = refuses (nixos (asInV1 // { location = "moon"; }));
    interval = refuses (nixos (asInV1 // { interval = 0; }));
    themeColor = refuses (nixos (asInV1 // { themeColor = "red"; }));
    url = refuses (nixos (removeAttrs asInV1 [ "url" ]));
    tokenFile = refuses (nixos (removeAttrs asInV1 [ "tokenFile" ]));
    unknown = refuses (nixos (asInV1 // { unheardOf = true; }));
    homeUser = refuses (home "x86_64-linux" (asInV1 // { user = "admin"; }));
    nothing = refuses (nixos asInV1);
  };
  assertions = {
    none = failed (nixos asInV1);
    http = failed (nixos (asInV1 // { url = "http://fleet.example.com"; }));
    loopback = failed (nixos (asInV1 // { url = "http://127.0.0.1:8000"; }));
    disguised = failed (nixos (asInV1 // { url = "http://127.0.0.1.example.com"; }));
    insisting = failed (nixos (asInV1 // { url = "http://10.0.0.1"; extraSettings.allowInsecureHttp = true; }));
    storeToken = failed (nixos (asInV1 // { tokenFile = "${builtins.storeDir}/x-token"; }));
    controlSecrets = failed (control { enable = true; });
    controlEnvironmentFile = failed (control { enable = true; environmentFile = "/etc/nixfleet.env"; });
  };

  control = control {
    enable = true;
    passwordHashFile = "/run/secrets/password-hash";
    sessionSecretsFile = "/run/secrets/session";
    agentTokenHashSecretFile = "/run/secrets/hash";
    apiTokenFile = "/run/secrets/api-token";
    targets.fleet.url = "https://git.example.com/fleet.git";
    targets.lab = { url = "/srv/lab"; branch = "next"; };
    settings.NIXFLEET_KEEP_RUNS_DAYS = "90";
    openFirewall = true;
  };

  # A set with an outPath would be printed as that path alone.
  nodeModules = lib.mapAttrs (_: platform: {
    fetched = lib.mapAttrs (_: file: { inherit (file) spec outputHash; }) (nodeModulesFor platform).passthru.modules;
    inherit ((nodeModulesFor platform).passthru) workspaces;
    script = (nodeModulesFor platform).installPhase;
  }) {
    linux = { };
    mac = { isDarwin = true; isAarch64 = true; };
  };
}
