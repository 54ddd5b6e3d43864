# bash completion for trailwarden; made by "trailwarden completion bash".
# Works with the bash 3.2 of macOS and needs no other package.

_trailwarden() {
    local line word gap i last offset cur first text before=() words=()

    # Bash has split the line at = and : too. What stands together is one word.
    line=${COMP_LINE:0:COMP_POINT}
    last=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${line%%[![:space:]]*}
        line=${line#"$gap"}
        word=${COMP_WORDS[i]}
        [[ $i -eq $COMP_CWORD ]] && word=$line
        line=${line#"$word"}
        if [[ $last -lt 0 || -n $gap ]]; then
            last=$((last + 1))
            words[last]=$word
        else
            words[last]=${words[last]}$word
        fi
    done
    cur=${words[last]}
    before=("${words[@]:1:last-1}")
    [[ $last -eq 0 ]] && return

    # Of a word that is split, only its last part is replaced.
    offset=0
    for ((i = 0; i < ${#cur}; i++)); do
        case $COMP_WORDBREAKS in
        *"${cur:i:1}"*) [[ ${cur:i:1} == [=:] ]] && offset=$((i + 1)) ;;
        esac
    done

    COMPREPLY=()
    first=
    while IFS= read -r line; do
        if [[ -z $first ]]; then
            first=$line
        else
            text=${line%%$'\t'*}
            COMPREPLY[${#COMPREPLY[@]}]=${text:offset}
        fi
    done <<<"$("${words[0]/#\~\//$HOME/}" complete ":$cur" "${before[@]}" 2>/dev/null)"

    text=$cur
    case $cur in -*=*) text=${cur#*=} ;; esac
    text=${text/#\~\//$HOME/}
    case $first in
    files) i=-f ;;
    dirs) i=-d ;;
    *) return ;;
    esac
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY[${#COMPREPLY[@]}]=$line
    done <<<"$(compgen "$i" -- "$text")"
}

complete -F _trailwarden trailwarden
