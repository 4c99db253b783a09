# A stand-in for nixpkgs' `lib`, as small as our files allow, so that they can be evaluated where nixpkgs is not reachable.
#
# It proves: every file evaluates, options have the types, defaults and enums they should, wrong values are refused, and the
# units, jobs, assertions and settings come out as the tests say.
# It does not prove: that nixpkgs' own library behaves the same, that NixOS, Home Manager or nix-darwin accept the
# definitions (they have options we do not know here), or that anything builds. `nix flake check` with nixpkgs does
# (nixos-units.nix); the units' behaviour needs a machine.
let
  inherit (builtins) all any attrNames concatMap elem elemAt filter foldl' hasAttr head isAttrs isBool isInt isList isPath isString length listToAttrs map match split stringLength substring;

  type = name: check: { inherit name check; };
  isType = t: value: t.check value;

  isMark = mark: value: isAttrs value && value._type or null == mark;
  # Definitions with mkIf and mkMerge → plain definitions.
  resolve = value:
    if isMark "if" value then (if value.condition then resolve value.content else [ ])
    else if isMark "merge" value then concatMap resolve value.contents
    else [ value ];
  resolveDeep = value:
    let definitions = resolve value; in
    if definitions == [ ] then { }
    else foldl' merge { } (map (d: if isAttrs d && !(d ? outPath) then mapAttrs (_: resolveValue) d else d) definitions);
  resolveValue = value:
    if isAttrs value && !(value ? outPath) then
      (if isMark "if" value || isMark "merge" value then
        (let ds = resolve value; in if ds == [ ] then null else if length ds == 1 then resolveValue (head ds) else resolveDeep value)
      else mapAttrs (_: resolveValue) value)
    else value;
  merge = a: b:
    if isAttrs a && isAttrs b && !(b ? outPath) then a // mapAttrs (n: v: if hasAttr n a then merge a.${n} v else v) b
    else if isList a && isList b then a ++ b
    else b;

  mapAttrs = builtins.mapAttrs;
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);

  # A value of the user, checked against its option; the default where there is none.
  valueOf = path: option: given:
    if given == null && !(option ? default) then throw "${path}: required"
    else if given == null then option.default
    else if isType option.type given then (option.type.apply or (v: v)) given
    else throw "${path}: not ${option.type.name}";

  hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
  concatStringsSep = builtins.concatStringsSep;
in
rec {
  inherit all any attrNames concatStringsSep elem filter hasPrefix mapAttrs mapAttrsToList;
  concatStrings = concatStringsSep "";
  last = list: elemAt list (length list - 1);
  toList = value: if isList value then value else [ value ];
  splitString = separator: s: filter isString (split separator s);
  filterAttrs = keep: set: listToAttrs (concatMap (n: if keep n set.${n} then [ { name = n; value = set.${n}; } ] else [ ]) (attrNames set));
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);
  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (n: { name = n; value = f n; }) names);
  optional = condition: value: if condition then [ value ] else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  optionalString = condition: s: if condition then s else "";
  makeBinPath = packages: concatStringsSep ":" (map (p: "${p}/bin") packages);
  getExe = package: "${package}/bin/${package.meta.mainProgram}";
  licenses.agpl3Plus = "agpl3Plus";
  platforms = { linux = [ "linux" ]; darwin = [ "darwin" ]; };

  literalExpression = text: text;
  mkOption = option: option // { _type = "option"; };
  mkEnableOption = what: mkOption { type = types.bool; default = false; description = what; };
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };

  types = {
    str = type "text" isString;
    path = type "a path" (v: isPath v || (isString v && hasPrefix "/" v));
    bool = type "true or false" isBool;
    port = type "a port" (v: isInt v && v >= 0 && v <= 65535);
    package = type "a package" (v: isAttrs v && v ? outPath);
    anything = type "anything" (_: true);
    ints.between = low: high: type "a number from ${toString low} to ${toString high}" (v: isInt v && v >= low && v <= high);
    enum = values: (type "one of ${builtins.toJSON values}" (v: elem v values)) // { inherit values; };
    strMatching = pattern: type "text like ${pattern}" (v: isString v && match pattern v != null);
    nullOr = t: type "null or ${t.name}" (v: v == null || isType t v);
    either = a: b: type "${a.name} or ${b.name}" (v: isType a v || isType b v);
    listOf = t: type "a list of ${t.name}" (v: isList v && all (isType t) v);
    attrsOf = t: type "a set of ${t.name}" (v: isAttrs v && all (n: isType t v.${n}) (attrNames v))
      // { apply = mapAttrs (_: t.apply or (v: v)); };
    submodule = { options }: type "a set of options" (v: isAttrs v && all (n: hasAttr n options) (attrNames v))
      // { apply = v: mapAttrs (n: o: valueOf n o (v.${n} or null)) options; };
  };

  # One module on a system that gives `base`: the whole configuration, with the options' values in their places. A module
  # sees the base and the options, but, unlike in the real system, not what it defines itself.
  evalModule = { module, args, base ? { }, user }:
    let
      seen = merge base { services = declared; };
      evaluated = module (args // { config = seen; lib = import ./lib.nix; });
      declared = mapAttrs (service: options:
        let
          given = user.services.${service} or { };
          unknown = filter (n: !hasAttr n options) (attrNames given);
        in
        if unknown != [ ] then throw "services.${service}: no option ${head unknown}"
        else mapAttrs (n: o: valueOf "services.${service}.${n}" o (given.${n} or null)) options)
        evaluated.options.services;
    in
    merge seen (resolveDeep evaluated.config);

  # What documentation would show: type, default and enum values of each option.
  describeOptions = options: mapAttrs (_: o:
    { type = o.type.name; required = !(o ? default); }
    // (if o ? default && !(isAttrs o.default && o.default ? outPath) then { inherit (o) default; } else { })
    // (if o.type ? values then { inherit (o.type) values; } else { })) options;
}
