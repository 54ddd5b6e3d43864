# fish completion for trailwarden; made by "trailwarden completion fish".

function __trailwarden_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l answer ($program complete ":$cur" $words 2>/dev/null)
    set -l kind $answer[1]
    set -e answer[1]
    for line in $answer
        echo $line
    end
    set -l flag (string match -r -- '^-[^=]*=' $cur)
    set -l value (string replace -r -- '^-[^=]*=' '' $cur)
    switch "$kind"
        case files
            for file in (__fish_complete_path "$value")
                echo "$flag"$file
            end
        case dirs
            for dir in (__fish_complete_directories "$value" '')
                echo "$flag"$dir
            end
    end
end

complete -c trailwarden -k -f -a '(__trailwarden_complete)'
