# Completion of `safar` for bash. Installed as share/bash-completion/completions/safar.

_safar_profiles() {
    local dir
    for dir in "${SAFAR_CONFIG:-}" /usr/local/share/safar /usr/share/safar; do
        [ -d "$dir/imports" ] && (cd "$dir/imports" && printf '%s\n' *.toml | sed 's/\.toml$//')
    done
}

_safar() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local word group='' command='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        case $word in
        --node | --timeout | --purpose | --language | --user-key | --node-key) ((++i)) ;;
        -*) ;;
        *)
            if [ -z "$group" ]; then
                group=$word
            elif [ -z "$command" ]; then
                command=$word
            fi
            ;;
        esac
    done

    case $prev in
    --node | --data | --keys | --schema | --codes | --profiles | --export)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --rejects | --compartments | --admit | --heads | --charter | --output | --user-key | --file)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --role)
        mapfile -t COMPREPLY < <(compgen -W 'caseworker supervisor analyst operator protection_officer auditor' -- "$cur")
        return
        ;;
    --format)
        mapfile -t COMPREPLY < <(compgen -W 'table csv json jsonl digest' -- "$cur")
        return
        ;;
    esac

    local words=''
    case $group in
    '') words='node charter evidence delegate key status peers digest verify rebuild import bundle gaps feed export record similar find explain conflict steps step reassign refer inbox journey timeline dossier stats backup restore peer doctor watch maintenance user access demo --node --timeout --purpose --language --user-key --node-key --version --help --help-all' ;;
    node) [ -n "$command" ] && words='--agency --listen --name' || words='init' ;;
    charter)
        case $command in
        '') words='draft amend diff sign publish adopt show history heads suspend notices quarantine' ;;
        amend) words='--admit --remove --remove-node --title --grant --rotate --cut --lift --admit-branch --heads --quorum --network --compartments --schema --codes --why' ;;
        history) words='--export' ;;
        suspend) words='--only-node --why' ;;
        draft) words='--network --steward --quorum --compartments --schema --codes' ;;
        show) words='--text' ;;
        esac
        ;;
    delegate)
        case $command in
        '') words='give list revoke' ;;
        give) words='--compartment --kind --until-epoch --until-batch --why' ;;
        revoke) words='--why' ;;
        esac
        ;;
    evidence)
        case $command in
        '') words='show export verify' ;;
        verify) words='--charter' ;;
        esac
        ;;
    key)
        case $command in
        '') words='show rotate revoke' ;;
        revoke) words='--impact --cut' ;;
        esac
        ;;
    record)
        case $command in
        '') words='create set retract show history' ;;
        create) words='--new --basis --quality --at --without-consent' ;;
        set) words='--replace --why' ;;
        retract) words='--why' ;;
        show | history) words='--as-of --as-known' ;;
        esac
        ;;
    conflict)
        case $command in
        '') words='list resolve' ;;
        list) words='--limit' ;;
        resolve) words='--pick --dot --value --why' ;;
        esac
        ;;
    peer)
        [ -z "$command" ] && words='test'
        ;;
    backup) words='--with-keys' ;;
    restore) words='--keys --prove --patience' ;;
    watch) words='--once --interval' ;;
    maintenance)
        case $command in
        '') words='announce end show' ;;
        announce) words='--from --until --why' ;;
        esac
        ;;
    user)
        case $command in
        '') words='list add roles remove certificate key' ;;
        add) words='--role --compartment --classes-up-to --name --certificate --no-account' ;;
        certificate) words='--none' ;;
        key) words='--file' ;;
        roles) words='--role --compartment --all-compartments --classes-up-to' ;;
        esac
        ;;
    access)
        case $command in
        '') words='log verify' ;;
        log) words='--subject --user --since --limit' ;;
        verify) words='--key' ;;
        esac
        ;;
    demo)
        case $command in
        '') words='up tour story down' ;;
        up) words='--data --fresh' ;;
        esac
        ;;
    import)
        words='--dry-run --where --rejects --profiles --exported --own --kind --key --source'
        [ -z "$command" ] && words+=" $(_safar_profiles 2>/dev/null)"
        ;;
    bundle)
        case $command in
        '') words='make apply inspect verify' ;;
        make) words='--for --since-last --output' ;;
        apply) words='--dry-run' ;;
        verify) words='--network' ;;
        esac
        ;;
    step) words='--at --why --without-consent' ;;
    reassign) words='--why' ;;
    refer) words='--to --group --kind --basis --without-consent --preview' ;;
    inbox) words='--overdue --everybody --caseload --limit' ;;
    timeline) words='--svg' ;;
    export) words='iati --programme --check --map --where --format --hxl --tags --output --for --without-consent --template' ;;
    feed) words='--since --follow --limit --for' ;;
    find) words='--limit --as-of --as-known' ;;
    explain) words='--as-of --as-known' ;;
    stats) words='--by --where --sum --since --until --format' ;;
    digest) words='--compartment --state --content' ;;
    verify) words='--deep' ;;
    esac
    [ -n "$group" ] && words+=' --json --help'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    # Files where a command takes them: charters, enrolments, registers.
    case $group in
    charter | import | bundle | backup | restore | access) [[ $cur != -* ]] && mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}

complete -F _safar safar
