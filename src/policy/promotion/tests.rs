use super::*;
use crate::policy::parse::{Known, parse};

fn read(text: &str) -> Result<Policy> {
    let text =
        format!("version = 1\n[branches]\nprotected = [\"develop\", \"staging\", \"release/*\", \"env/**\"]\n{text}");
    parse(&text, "p.toml", Known { rules: &[], trunk: "refs/heads/main".into() })
}

const CHAIN: &str = "[[promotion]]\nfrom = [\"develop\"]\ninto = [\"staging\"]\nchecks = [\"e2e\"]\n\
                     [[promotion]]\nfrom = [\"staging\"]\ninto = [\"main\", \"release/*\"]\nchecks = [\"soak\", \"e2e\"]\n\
                     [[promotion]]\nfrom = [\"release/1.*\"]\ninto = [\"main\"]\n";

#[test]
fn a_branch_of_a_chain_takes_from_the_branches_that_the_policy_names() {
    let policy = read(&format!("[checks]\nrequired = [\"tests\"]\n{CHAIN}")).unwrap();
    let is_step = |from: &str, into: &str| {
        policy.is_step(format!("refs/heads/{from}").as_str().into(), format!("refs/heads/{into}").as_str().into())
    };
    for (from, into, due) in [
        ("develop", "staging", true),
        ("staging", "main", true),
        ("staging", "release/2.0", true),
        ("release/1.0", "main", true),
        ("release/2.0", "main", false),
        ("develop", "main", false),
        ("staging", "develop", false),
        ("main", "staging", false),
        ("autoTest/develop", "staging", false),
    ] {
        assert_eq!(is_step(from, into), due, "{from} {into}");
    }
    assert!(!policy.is_step("refs/tags/develop".into(), "refs/heads/staging".into()));
    assert!(!policy.is_step("refs/heads/develop".into(), "refs/tags/staging".into()));
    let takes = |name: &str| policy.takes_steps(name.into());
    assert!(takes("refs/heads/staging") && takes("refs/heads/main") && takes("refs/heads/release/2/x"));
    assert!(!takes("refs/heads/develop") && !takes("staging"));
    assert!(policy.is_source("refs/heads/release/1.0".into()) && !policy.is_source("refs/heads/release/2.0".into()));
    assert_eq!(policy.sources_of("refs/heads/main".into()), ["staging", "release/1.*"]);
    let checks = |into: &str, from: Option<&str>| {
        policy.checks_into(into.into(), from.map(Into::into)).into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(checks("refs/heads/staging", Some("refs/heads/develop")), "e2e tests");
    assert_eq!(checks("refs/heads/main", Some("refs/heads/staging")), "e2e soak tests");
    assert_eq!(checks("refs/heads/main", Some("refs/heads/release/1.0")), "tests");
    assert_eq!(checks("refs/heads/main", None), "e2e soak tests");
    assert_eq!(checks("refs/heads/develop", None), "tests");
}

#[test]
fn only_protected_branches_are_in_a_chain() {
    let refused = |from: &str, into: &str, about: &str| {
        let error = read(&format!("[[promotion]]\nfrom = [{from}]\ninto = [{into}]\n")).unwrap_err();
        assert!(error.message.contains(about), "{from} {into}: {}", error.message);
    };
    for open in ["topic", "autoTest/x", "env", "rel*", "release/**", "release/{1,2}", "*"] {
        refused(&format!("\"develop\", \"{open}\""), "\"main\"", "p.toml:5:20: what is not protected");
        refused("\"develop\"", &format!("\"{open}\""), "p.toml:6:9: what is not protected");
    }
    for fine in ["develop", "main", "release/*", "release/1.*", "release/1.0", "env/**", "env/a/b", "env/*"] {
        read(&format!("[[promotion]]\nfrom = [\"{fine}\"]\ninto = [\"staging\"]\n")).unwrap();
    }
    refused("", "\"main\"", "p.toml:5:8: name at least one branch");
    refused("\"develop\"", "", "p.toml:6:8: name at least one branch");
    refused("\"develop\", \"develop\"", "\"main\"", "stands in this list already");
    refused("\"refs/heads/develop\"", "\"main\"", "write the short name");
    for bad in
        ["[[promotion]]\nfrom = [\"develop\"]\n", "[[promotion]]\nfrom = [\"develop\"]\ninto = [\"main\"]\nto = 1\n"]
    {
        assert!(read(bad).is_err());
    }
    let error = read("[[promotion]]\nfrom = [\"develop\"]\ninto = [\"main\"]\nchecks = [\"a/b\"]\n").unwrap_err();
    assert!(error.message.contains("p.toml:7:11: a check's name"), "{}", error.message);
}

/// A circle with a way into it is none: work gets on.
#[test]
fn a_chain_begins_at_a_branch_that_takes_tasks() {
    let step = |from: &str, into: &str| format!("[[promotion]]\nfrom = [\"{from}\"]\ninto = [\"{into}\"]\n");
    let circle = [step("develop", "staging"), step("staging", "develop")].concat();
    let error = read(&circle).unwrap_err();
    assert!(error.message.contains("p.toml:5:8: nothing could ever get here"), "{}", error.message);
    assert!(read(&step("release/*", "release/1.0")).is_err() && read(&step("main", "main")).is_err());
    read(&[circle, step("main", "develop")].concat()).unwrap();
    read(&[step("main", "release/*"), step("release/*", "release/*")].concat()).unwrap();
}

#[test]
fn what_the_steps_say_is_part_of_the_digest() {
    let mut digests: Vec<String> = ["", CHAIN, &CHAIN.replace("soak", "load"), &CHAIN.replace("1.*", "2.*")]
        .iter()
        .map(|text| read(text).unwrap().digest())
        .collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 4);
}
